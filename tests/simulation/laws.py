"""What must be true after every step, and what must be true when the faults have stopped."""

from collections import Counter
from typing import Any

from django.utils import timezone

from paideia.ledger.queries import audit, balance
from tests.simulation.spans import differences
from tests.simulation.world import World, asked

# Each finds what breaks it, in words. One statement asks them all.
LAWS = {
    "the price of what was paid is booked, and of nothing else": """
        SELECT format('%%s is %%s, worth %%s, and %%s is booked', o.number, o.state, o.value, o.booked)
        FROM (SELECT o.*, o.total + o.credit AS value, coalesce((
                SELECT sum(t.amount) FROM ledger_transfer t
                WHERE t.key IN ('order:' || o.id || ':sale', 'order:' || o.id || ':credit')), 0) AS booked
            FROM commerce_order o) o
        WHERE o.booked <> CASE WHEN o.paid_at IS NULL THEN 0 ELSE o.value END""",
    "the lines of an order sum to its price": """
        SELECT format('%%s costs %%s, not the sum of its lines', o.number, o.total + o.credit)
        FROM commerce_order o
        WHERE o.total + o.credit <> (SELECT sum(amount) FROM commerce_orderline l WHERE l.order_id = o.id)""",
    "what lies at an order is what is on its way, disputed or set aside": """
        SELECT format('%%s at order %%s %%s: %%s, by its rows %%s', b.kind, o.number, o.state, b.lies, b.told)
        FROM commerce_order o CROSS JOIN LATERAL (
            SELECT k.kind, k.told, coalesce((SELECT a.balance FROM ledger_account a
                WHERE a.community_id = o.community_id AND a.owner = 'order:' || o.id AND a.kind = k.kind
                    AND a.currency = o.currency), 0) AS lies
            FROM (VALUES
                ('held', CASE WHEN o.state IN ('created', 'awaiting') THEN o.credit ELSE 0 END),
                ('refunds', (SELECT coalesce(sum(r.amount), 0) FROM commerce_refund r
                    WHERE r.order_id = o.id AND r.state IN ('agreed', 'sent'))),
                ('disputed', (SELECT coalesce(sum(d.amount), 0) FROM commerce_dispute d
                    WHERE d.order_id = o.id AND d.state = 'open'))) AS k (kind, told)) b
        WHERE b.lies <> b.told""",
    "what was refunded is the sum of the refunds and of lost disputes": """
        SELECT format('%%s is %%s, refunded %%s, by its rows %%s', o.number, o.state, o.refunded, s.sum)
        FROM commerce_order o CROSS JOIN LATERAL (
            SELECT coalesce((SELECT sum(r.credit + CASE r.state WHEN 'failed' THEN 0 ELSE r.amount END)
                    FROM commerce_refund r WHERE r.order_id = o.id AND r.stray_charge_id = ''), 0)
                + coalesce((SELECT sum(d.amount) FROM commerce_dispute d
                    WHERE d.order_id = o.id AND d.state = 'lost'), 0) AS sum) s
        WHERE o.refunded <> s.sum OR o.paid_at IS NOT NULL AND o.state <> 'disputed'
            AND o.state <> CASE o.refunded WHEN 0 THEN 'paid' WHEN o.total + o.credit THEN 'refunded'
                ELSE 'partly' END""",
    "places are sold once": """
        SELECT format('%%s of %%s places of %%s are sold', sum(o.quantity), f.quantity_max, f.name)
        FROM commerce_order o JOIN commerce_offer f ON f.id = o.offer_id
        WHERE o.state IN ('paid', 'partly', 'disputed') AND o.kind NOT IN ('renewal', 'instalment')
        GROUP BY f.id HAVING sum(o.quantity) > f.quantity_max""",
    "a coupon is used as often as it may be": """
        SELECT format('%%s of %%s uses of %%s are taken', count(*), c.uses_max, c.code)
        FROM commerce_couponuse u JOIN commerce_coupon c ON c.id = u.coupon_id
        WHERE u.released_at IS NULL GROUP BY c.id HAVING count(*) > c.uses_max""",
    "who does not pay keeps no coupon": """
        SELECT format('%%s is %%s, and a coupon is used by it: %%s', o.number, o.state, u.released_at IS NULL)
        FROM commerce_couponuse u JOIN commerce_order o ON o.id = u.order_id
        WHERE (u.released_at IS NOT NULL) <> (o.state IN ('failed', 'expired'))""",
    "a period is paid once": """
        SELECT format('period %%s of subscription %%s is paid %%s times', period, subscription_id, count(*))
        FROM commerce_order WHERE paid_at IS NOT NULL AND subscription_id IS NOT NULL
        GROUP BY subscription_id, period HAVING count(*) > 1""",
    "the time of an order is taken in payment once": """
        SELECT format('order %%s was taken in payment %%s times', replaces_id, count(*)) FROM commerce_order
        WHERE paid_at IS NOT NULL AND replaces_id IS NOT NULL GROUP BY replaces_id HAVING count(*) > 1""",
    "what is on a card is what was paid for it and is not spent": """
        SELECT format('card %%s holds %%s, by its rows %%s', c.id, c.lies, c.told) FROM (
            SELECT c.id, coalesce((SELECT a.balance FROM ledger_account a WHERE a.community_id = c.community_id
                    AND a.owner = 'card:' || c.id AND a.kind = 'balance' AND a.currency = c.currency), 0) AS lies,
                CASE WHEN c.redeemed_at IS NOT NULL OR c.order_id IS NULL AND c.revoked_at IS NOT NULL
                    OR c.order_id IS NOT NULL AND o.paid_at IS NULL OR c.revoked_at >= c.expires_at THEN 0
                ELSE c.amount - coalesce(o.refunded, 0) - coalesce((SELECT sum(d.amount) FROM commerce_dispute d
                    WHERE d.order_id = o.id AND d.state = 'open'), 0) END AS told
            FROM commerce_giftcard c LEFT JOIN commerce_order o ON o.id = c.order_id
            ) c
        WHERE c.lies <> c.told""",
    "credit is what cards and refunds brought, less what was bought with it": """
        SELECT format('user %%s has %%s of credit, by the rows %%s', c.id, c.lies, c.told) FROM (
            SELECT u.id, coalesce((SELECT sum(a.balance) FROM ledger_account a
                    WHERE a.owner = 'user:' || u.id AND a.kind = 'credit'), 0) AS lies,
                coalesce((SELECT sum(t.amount) FROM commerce_giftcard c
                    JOIN ledger_transfer t ON t.key = 'card:' || c.id || ':redeemed'
                    WHERE c.redeemed_by_id = u.id), 0)
                + coalesce((SELECT sum(r.credit) FROM commerce_refund r
                    JOIN commerce_order o ON o.id = r.order_id WHERE o.buyer_id = u.id), 0)
                - coalesce((SELECT sum(o.credit) FROM commerce_order o
                    WHERE o.buyer_id = u.id AND o.state NOT IN ('failed', 'expired')), 0) AS told
            FROM accounts_user u) c
        WHERE c.lies <> c.told""",
    "a code gives once, and not after it was withdrawn": """
        SELECT format('code %%s was used at %%s, its batch withdrawn at %%s', c.id, c.used_at, b.revoked_at)
        FROM commerce_redeemcode c JOIN commerce_redeembatch b ON b.id = c.batch_id
        WHERE c.used_at > b.revoked_at""",
    "no more people sit than there are seats": """
        SELECT format('%%s of %%s seats of pool %%s are taken', count(*), p.size, p.id)
        FROM commerce_seat s JOIN commerce_seatpool p ON p.id = s.pool_id
        WHERE s.taken_at IS NOT NULL AND s.reclaimed_at IS NULL GROUP BY p.id HAVING count(*) > p.size""",
    "what is not paid, or disputed, gives nothing": """
        SELECT format('%%s is %%s and gives', o.number, o.state) FROM commerce_order o
        WHERE o.state NOT IN ('paid', 'partly', 'refunded') AND EXISTS (SELECT 1 FROM access_grant g
            WHERE g.source = 'order:' || o.id AND g.revoked_at IS NULL)""",
}
ALL = " UNION ALL ".join(f"({statement})" for statement in LAWS.values())
STANDING = "SELECT user_id, plan_id, source, starts_at, ends_at FROM access_grant WHERE revoked_at IS NULL"
CHARGED = """
SELECT o.number, o.charge_id, o.subscription_id, o.period, o.buyer_id, o.id, o.kind FROM commerce_order o
"""
AGREED = """
SELECT coalesce(nullif(r.stray_charge_id, ''), o.charge_id), r.amount, r.state
FROM commerce_refund r JOIN commerce_order o ON o.id = r.order_id WHERE r.amount > 0
"""


def broken(world: World) -> list[str]:
    """The laws that do not hold now."""
    wrong = [str(finding) for finding in audit(world.town.community)]
    wrong += [what for (what,) in asked(ALL)]
    world.twin.hear()
    wrong += differences(world.twin.held, world.twin.unclear, asked(STANDING))
    return wrong + _charges(world)


def _charges(world: World) -> list[str]:
    """Nobody is charged twice unasked, no more goes back than came, and who is suspended buys nothing."""
    charges, wrong = world.provider.charges, []
    orders = {number: rest for number, *rest in asked(CHARGED)}
    unasked: Counter[Any] = Counter()
    for one in charges.values():
        _charge, subscription, period, buyer, *_rest = orders[one.order_number]
        if one.unasked:
            unasked[subscription, period] += 1
        if one.unasked and buyer in world.shut and one.at > world.shut[buyer][1]:
            wrong.append(f"{one.order_number} was charged to somebody who is suspended")
    wrong += [f"{period} was charged {times} times" for period, times in unasked.items() if times > 1]
    wrong += [f"{one.charge_id} went back twice" for one in charges.values() if one.gone > one.amount]
    refunds = asked(AGREED)
    agreed: Counter[str] = Counter()
    for charge_id, amount, state in refunds:
        agreed[charge_id] += amount if state != "failed" else 0
    wrong += [
        f"{amount} of {charge_id} is agreed to go back"
        for charge_id, amount in agreed.items()
        if amount > charges[charge_id].amount
    ]
    sent = Counter((one.charge.charge_id, one.amount) for one in world.provider.refunds.values())
    ours = Counter((charge_id, amount) for charge_id, amount, _state in refunds)
    wrong += [f"{key} was sent back {times} times" for key, times in sent.items() if times > ours[key]]
    for number, (*_rest, buyer, pk, kind) in orders.items():
        if kind not in {"renewal", "instalment"} and buyer in world.shut and pk > world.shut[buyer][0]:
            wrong.append(f"{number} was placed by somebody who is suspended")
    return wrong


def shut_out(world: World) -> list[str]:
    """Gates open by what the twin says; to who is suspended nothing does."""
    now, wrong = timezone.now(), []
    for user in world.people:
        told = set() if user.pk in world.shut else world.twin.plans_of(user.pk, now)
        told -= {plan for who, plan in world.twin.unclear if who == user.pk}
        seen = world.viewer(user).plans - {plan for who, plan in world.twin.unclear if who == user.pk}
        if seen != told:
            wrong.append(f"{user} is let in by {sorted(seen)}, and holds {sorted(told)}")
    return wrong


# What faults have left behind that rest did not bring to an end.
LEFT = {
    "who can be paid no more is paid or closed": """
        SELECT format('%%s is %%s since %%s', o.number, o.state, o.created_at) FROM commerce_order o
        LEFT JOIN commerce_subscription s ON s.id = o.subscription_id
        WHERE o.state IN ('created', 'awaiting')
            AND coalesce(s.state, 'ended') NOT IN ('trial', 'active', 'past_due')""",
    "refunds have arrived or failed": """
        SELECT format('refund %%s is %%s', id, state) FROM commerce_refund WHERE state IN ('agreed', 'sent')""",
    "banks have decided": "SELECT number || ' is disputed' FROM commerce_order WHERE state = 'disputed'",
    "strays are sent back": """
        SELECT format('%%s was %%s and is not sent back', n.message_id, n.outcome) FROM commerce_notice n
        WHERE n.outcome IN ('paid_twice', 'too_late', 'gone')
            AND NOT EXISTS (SELECT 1 FROM commerce_refund r WHERE r.stray_charge_id = n.charge_id)""",
    "what was due was done": """
        SELECT format('subscription %%s is %%s, due at %%s, paid until %%s', s.id, state, charge_at, period_ends_at)
        FROM commerce_subscription s LEFT JOIN commerce_rest r ON r.user_id = s.user_id AND r.until IS NULL
        WHERE r.id IS NULL AND (
            state IN ('trial', 'active', 'cancelled') AND period_ends_at < %(now)s - interval '1 day'
            OR charge_at < %(now)s - interval '1 day' AND state IN ('trial', 'active', 'past_due'))""",
    "cards that ran out have ended": """
        SELECT format('card %%s ran out at %%s', id, expires_at) FROM commerce_giftcard
        WHERE expires_at < %(now)s - interval '1 day' AND redeemed_at IS NULL AND revoked_at IS NULL""",
}
ALL_LEFT = " UNION ALL ".join(f"({statement})" for statement in LEFT.values())


def unfinished(world: World) -> list[str]:
    wrong = broken(world) + shut_out(world)
    wrong += [what for (what,) in asked(ALL_LEFT, {"now": timezone.now()})]
    # Of what a bank took before anybody heard of the payment the team is told, by a notice that stays open.
    known = {dispute_id for (dispute_id,) in asked("SELECT dispute_id FROM commerce_dispute")}
    taken = [one for one in world.provider.charges.values() if one.dispute == "lost"]
    left = sum(one.amount for one in taken if f"dp_{one.charge_id}" not in known)
    here = -balance(world.town.community, "world:simpay", "charges", "CNY")
    if here != world.provider.held() + left:
        wrong.append(f"the books say {here} came in, the provider {world.provider.held()}")
    return wrong
