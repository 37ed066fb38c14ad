"""Demo data, written for the project: invented firms, real public institutions."""
