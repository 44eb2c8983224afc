"""Where a buyer goes back to: a page of this site, down to the line, and nowhere else."""

from django.utils.http import url_has_allowed_host_and_scheme

CHARACTERS_MAX = 500


def same_site(address: str) -> str:
    """The address if it is a path on this site (a fragment may name the line), else nothing."""
    plain = address.isprintable() and "\\" not in address and " " not in address
    if (
        plain
        and len(address) <= CHARACTERS_MAX
        and address.startswith("/")
        and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    ):
        return address
    return ""
