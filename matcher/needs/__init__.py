"""From a brief to needs, and how well offers meet them."""
