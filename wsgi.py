"""The entry point for any WSGI server: `wsgi:app`."""

from connector import create_app, log

log.configure(verbose=False)
app = create_app()
