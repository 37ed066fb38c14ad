"""Accounts, API keys and the tokens in mailed links."""
