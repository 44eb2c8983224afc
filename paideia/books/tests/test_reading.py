"""Statements as files: what is read, and every way in which a file is refused, with its line."""

import io
import random
import zipfile
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from paideia.books.actions import upload_statement
from paideia.books.models import Difference, ProviderStatement, StatementLine
from paideia.books.reading import read
from paideia.books.refusals import BadStatement, NotPermitted
from paideia.commerce.providers import LineKind
from paideia.commerce.providers import StatementLine as Told
from paideia.commerce.providers.wechat import bills as wechat
from tests.cast import viewer_of

HEADER = "kind,line_id,charge_id,order_number,amount,currency,fee,at"
LINE = "charge,txn_1,ch_1,P1,199.00,CNY,1.19,2026-03-01T09:30:00+08:00"
REFUND = "refund,txn_2,ch_1,P1,99.00,CNY,-0.59,2026-03-02T09:30:00Z"


def file(*lines: str, end: str = "\n") -> bytes:
    return (end.join(lines) + end).encode()


def problem(content: bytes, provider: str = "sandbox") -> tuple[int, str]:
    with pytest.raises(BadStatement) as refusal:
        read(content, provider)
    return refusal.value.line, refusal.value.message


def test_the_plain_format_says_what_its_lines_are():
    found = read(file(HEADER, LINE, REFUND, "end,2"), "sandbox")
    assert found.lines[0] == Told(
        kind=LineKind.CHARGE,
        line_id="txn_1",
        charge_id="ch_1",
        order_number="P1",
        amount=19900,
        currency="CNY",
        at=datetime(2026, 3, 1, 1, 30, tzinfo=UTC),
        fee=119,
    )
    assert (found.lines[1].kind, found.lines[1].fee) == (LineKind.REFUND, -59)
    assert (found.since, found.until) == (
        datetime(2026, 3, 1, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 2, 9, 30, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_may_be_in_any_of_three_encodings_with_either_line_end(encoding):
    text = "\r\n".join([HEADER, LINE.replace("ch_1", "单号"), ""])
    assert read(text.encode(encoding), "sandbox").lines[0].charge_id == "单号"


def test_days_that_are_said_are_the_ones_that_are_covered():
    found = read(file(HEADER, LINE), "sandbox", since=date(2026, 3, 1), until=date(2026, 3, 1))
    assert (found.since, found.until) == (datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    with pytest.raises(BadStatement, match="not to cover"):
        read(file(HEADER, LINE), "sandbox", since=date(2026, 3, 2), until=date(2026, 3, 3))
    with pytest.raises(BadStatement, match="before the first"):
        read(file(HEADER, LINE), "sandbox", since=date(2026, 3, 2), until=date(2026, 3, 1))


@pytest.mark.parametrize(
    ("lines", "number", "words"),
    [
        ([HEADER, LINE, LINE[:28]], 3, "cut off"),
        ([HEADER, LINE + ",more"], 2, "cut off"),
        ([HEADER, LINE, 'charge,"txn'], 3, "no CSV"),
        ([HEADER, LINE.replace("199.00", "199.001")], 2, "no amount"),
        ([HEADER, LINE.replace("199.00", "-199.00")], 2, "no amount"),
        ([HEADER, LINE.replace("199.00", "1e9")], 2, "no amount"),
        ([HEADER, LINE.replace("199.00", "NaN")], 2, "no amount"),
        ([HEADER, LINE.replace("199.00", "9" * 30)], 2, "no amount"),
        ([HEADER, LINE.replace("CNY", "yuan")], 2, "no currency"),
        ([HEADER, LINE.replace("+08:00", "")], 2, "no time"),
        ([HEADER, LINE.replace("2026", "2999")], 2, "no time"),
        ([HEADER, LINE.replace("charge", "=cmd()", 1)], 2, "no kind"),
        ([HEADER, LINE.replace("txn_1", "")], 2, "missing"),
        ([HEADER, LINE.replace("txn_1", "t" * 161)], 2, "no id"),
        ([HEADER, LINE.replace("txn_1", "a\x1bb")], 2, "no id"),
        ([HEADER, LINE, "end,2"], 3, "Not all lines"),
        ([HEADER, LINE, "end,1", LINE], 4, "after the end"),
        ([HEADER + ",secret", LINE + ",1"], 1, "no column"),
        ([HEADER + ",fee", LINE + ",1"], 1, "twice"),
        (["a,b,c", "1,2,3"], 1, "not the columns"),
        ([""], 1, "not the columns"),
    ],
)
def test_a_file_that_is_out_of_form_is_refused_with_its_line(lines, number, words):
    line, message = problem(file(*lines))
    assert (line, words in message) == (number, True), message


def test_an_empty_statement_has_to_say_its_days():
    assert "Say which days" in problem(file(HEADER))[1]
    assert read(file(HEADER, "end,0"), "sandbox", since=date(2026, 3, 1), until=date(2026, 3, 1)).lines == []


STRIPE = 'id,Type,Source,Amount,Fee,Net,Currency,"Created (UTC)",Description,order (metadata)'


def test_the_history_of_stripes_dashboard_is_read():
    row = 'txn_1,charge,ch_9,"30.00",1.17,28.83,usd,2026-03-01 09:30,Membership,P1'
    (line,) = read(file(STRIPE, row), "stripe").lines
    assert (line.charge_id, line.order_number, line.amount, line.currency, line.fee) == (
        "ch_9",
        "P1",
        3000,
        "USD",
        117,
    )
    assert line.at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


def test_stripes_report_of_activity_is_read_as_the_buyer_paid():
    header = (
        "balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id,"
        "customer_facing_amount,customer_facing_currency,payment_metadata[order]"
    )
    rows = [
        "txn_1,2026-03-01 09:30:00,usd,4.20,0.30,3.90,charge,ch_9,pi_9,30.00,cny,P1",
        "txn_2,2026-03-02 09:30:00,usd,-4.20,0,-4.20,refund,re_9,pi_9,-30.00,cny,P1",
        "txn_3,2026-03-02 09:30:00,usd,0.00,2.00,-2.00,fee,,,,,",
        "txn_4,2026-03-03 09:30:00,usd,-9.00,0,-9.00,payout,po_1,,,,",
    ]
    found = read(file(header, *rows), "stripe").lines
    assert [(one.kind, one.charge_id, one.amount, one.currency, one.fee) for one in found] == [
        ("charge", "pi_9", 3000, "CNY", 0),
        ("refund", "pi_9", 3000, "CNY", 0),
        ("fee", "", 200, "USD", 0),
        ("payout", "po_1", 900, "USD", 0),
    ]


def test_a_statement_of_another_provider_is_refused():
    assert "another provider" in problem(file(STRIPE, "x"), "alipay")[1]


ALIPAY = [
    "#支付宝业务明细查询",
    "#账号：[2088000000000156]",
    "#-----业务明细列表----",
    "支付宝交易号,商户订单号,业务类型,完成时间,订单金额(元),退款批次号/请求号,服务费(元)",
    "2026001\t,P1\t,交易,2026-03-01 00:10:00,30.00,,-0.18",
    "2026001\t,P1\t,退款,2026-03-01 12:00:00,-10.00,key1,0.00",
    "#-----业务明细列表结束----",
    "#交易合计：1笔",
]


def test_alipays_bill_is_read_from_its_archive_in_gbk():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, lines in (
            ("2088_20260301_业务明细.csv", ALIPAY),
            ("2088_20260301_业务明细(汇总).csv", ["#"]),
        ):
            named = zipfile.ZipInfo(name.encode("gb18030").decode("cp437"))
            archive.writestr(named, "\r\n".join(lines).encode("gb18030"))
    found = read(packed.getvalue(), "alipay", since=date(2026, 3, 1), until=date(2026, 3, 1))
    assert [(one.kind, one.line_id, one.amount, one.fee, one.refund_key) for one in found.lines] == [
        ("charge", "2026001", 3000, 18, ""),
        ("refund", "2026001:key1", 1000, 0, "key1"),
    ]
    assert found.since == datetime(2026, 2, 28, 16, tzinfo=UTC)  # midnight in China


def test_an_alipay_bill_without_its_end_is_refused():
    assert "cut off" in problem(file(*ALIPAY[:5]), "alipay")[1]
    line, message = problem(file(*[row.replace("30.00", "30,00") for row in ALIPAY]), "alipay")
    assert (line, "cut off" in message) == (5, True)
    assert problem(file(*[row.replace("30.00", "x") for row in ALIPAY]), "alipay")[0] == 5


def test_wechats_bill_is_read_up_to_its_sums_and_refused_without_them():
    names = "交易时间,微信订单号,商户订单号,交易状态,订单金额,申请退款金额,微信退款单号,商户退款单号,手续费"
    paid = "`2026-03-01 00:10:00,`4200,`P1,`SUCCESS,`30.00,`0.00,`0,`0,`0.18000"
    back = "`2026-03-01 12:00:00,`4200,`P1,`REFUND,`30.00,`10.00,`5000,`key1,`-0.06000"
    sums = ["总交易单数,订单总金额", "`2,`30.00"]
    found = read(file(names, paid, back, *sums), "wechat")
    assert [(one.kind, one.line_id, one.amount, one.fee) for one in found.lines] == [
        ("charge", "4200", 3000, 18),
        ("refund", "5000", 1000, 6),
    ]
    assert "cut off" in problem(file(names, paid, back), "wechat")[1]
    assert "Not all lines" in problem(file(names, paid, *sums), "wechat")[1]
    assert found.lines[0].at == datetime(2026, 2, 28, 16, 10, tzinfo=UTC).astimezone(wechat.ZONE)


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02", b"PK\x03\x04broken", b"\xff\xfe\xff", b"%PDF-1.7\n\x00", b""],
    ids=["binary", "archive", "encoding", "pdf", "empty"],
)
def test_what_is_no_text_is_refused(content):
    assert problem(content)[1] != ""


def test_an_archive_that_grows_without_bound_is_refused():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * (129 * 2**20))
    assert "larger" in problem(packed.getvalue())[1]


GOOD = file(HEADER, *[LINE.replace("txn_1", f"txn_{n}") for n in range(20)], "end,20")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**9), noise=st.binary(max_size=40))
@example(seed=0, noise=b"\x00")
@example(seed=1, noise=b'"')
def test_a_mangled_file_is_read_or_refused_and_nothing_else(seed, noise):
    rng = random.Random(seed)
    content = bytearray(GOOD)
    for _ in range(rng.randrange(1, 5)):
        at, length = rng.randrange(len(content)), rng.randrange(60)
        content[at : at + length] = noise if rng.random() < 0.5 else content[at : at + rng.randrange(80)] * 2
    try:
        found = read(bytes(content), "sandbox")
    except BadStatement as refusal:
        assert refusal.message != ""
    else:
        assert all(line.amount >= 0 and line.line_id and line.at.tzinfo for line in found.lines)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, len(GOOD) - 1))
def test_a_file_cut_off_anywhere_before_its_last_line_is_refused_where_it_counts_its_lines(cut):
    """`end,20` may lose its line end, or be cut at a whole line: then nothing tells."""
    whole = GOOD[:cut].rstrip().endswith((b"end,20", b"+08:00")) or cut < len(HEADER)
    if not whole:
        assert problem(GOOD[:cut])[1] != ""


@pytest.mark.django_db
def test_an_uploaded_file_is_kept_whole_or_not_at_all(owner, community):
    viewer = viewer_of(owner)
    broken = file(HEADER, LINE, REFUND, LINE.replace("CNY", "??"))
    with pytest.raises(BadStatement):
        upload_statement(viewer=viewer, provider="sandbox", name="a.csv", content=broken)
    assert [model.objects.count() for model in (ProviderStatement, StatementLine, Difference)] == [0, 0, 0]
    content = file(HEADER, LINE, REFUND)
    kept = upload_statement(viewer=viewer, provider="sandbox", name="a.csv", content=content)
    again = upload_statement(viewer=viewer, provider="sandbox", name="b.csv", content=content)
    assert (kept.lines_new, again.is_new, again.statement) == (2, False, kept.statement)
    assert StatementLine.objects.count() == 2


@pytest.mark.django_db
def test_only_who_manages_money_uploads_statements(moderator):
    with pytest.raises(NotPermitted):
        upload_statement(
            viewer=viewer_of(moderator), provider="sandbox", name="a", content=file(HEADER, LINE)
        )
