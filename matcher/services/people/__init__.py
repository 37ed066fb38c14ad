"""Those who use the service: accounts, tokens in links, mail, and the log of who did what."""
