"""The entry point for any WSGI server: `wsgi:app`."""

from connector import create_app

app = create_app()
