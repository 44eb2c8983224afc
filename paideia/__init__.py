"""Paideia: a self-hosted platform for paid-knowledge communities."""

__version__ = "0.1.0"
