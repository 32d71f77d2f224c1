"""A mail server that delivers to nobody, with a page that shows what it was given."""
