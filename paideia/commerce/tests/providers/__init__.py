"""Each provider against a counterpart that signs, encrypts and checks with keys of its own."""
