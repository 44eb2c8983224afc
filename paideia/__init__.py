"""Paideia: a self-hosted platform for paid-knowledge communities."""
