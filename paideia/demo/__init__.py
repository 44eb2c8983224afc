"""The demo: two communities with their own words and a simulated year of people in them.

Only ever built where somebody asks for it (`paideia demo`, or a first `paideia up` outside production). Importing
this package costs nothing; `paideia.demo.build` does the work.
"""

PASSWORD = "slow-garden-long-table"  # of every demo sign-in; printed by the supervisor, secret to nobody
SIGN_INS: dict[str, str] = {
    "linwan": "owner of 慢园",
    "zhoujibai": "mentor",
    "guxiaoman": "paying member",
    "chenyinuo": "visitor",
    "mayaokafor": "owner of The Long Table",
    "theolindqvist": "mentor",
    "priyanair": "paying member",
    "samwhitlock": "visitor",
}
