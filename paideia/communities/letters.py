"""The mails of coming in."""

from django.utils import translation
from django.utils.translation import gettext as _

from paideia.accounts.mail import Letter, send
from paideia.accounts.models import User
from paideia.communities.models import Invitation, ProfileClaim


def send_invitation(invitation: Invitation, address: str, *, by: User) -> None:
    """To somebody who is not here yet, so in the community's language."""
    community = invitation.community
    words = {"name": community.name, "person": by.shown_name, "tagline": community.tagline}
    with translation.override(community.language):
        letter = Letter(
            subject=_("%(person)s invites you to %(name)s") % words,
            paragraphs=[
                _("%(person)s invites you to the community %(name)s.") % words,
                *([community.tagline] if community.tagline else []),
                _(
                    "The link is for you alone and works once. If you do not want to come, you need do nothing."
                ),
            ],
            button=(_("See the invitation"), address),
        )
        send(letter, to=invitation.email, place=community.name)


def send_key(claim: ProfileClaim, address: str) -> None:
    """The key to an imported profile."""
    community = claim.community
    words = {"name": community.name, "handle": claim.profile.handle}
    with translation.override(claim.claimant.language or community.language):
        letter = Letter(
            subject=_("Your profile @%(handle)s at %(name)s") % words,
            paragraphs=[
                _(
                    "The team of %(name)s has accepted that @%(handle)s is you. Choose a password to take it over."
                )
                % words,
                _(
                    "The link works once, for seven days. If another account of yours has this address, it goes over."
                ),
            ],
            button=(_("Take over the profile"), address),
        )
        send(letter, to=claim.email, place=community.name)
