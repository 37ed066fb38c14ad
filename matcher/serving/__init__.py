"""How gunicorn serves: a worker whose threads never wait for a client."""
