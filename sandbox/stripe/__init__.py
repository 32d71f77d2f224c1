"""A stand-in Stripe: its API, a small live model of what happens there, recorded stories, and signed deliveries.

It meets the connector over HTTP only.
"""
