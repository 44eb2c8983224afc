"""An invoice as a PDF, drawn when it is asked for, in the language that is active. Text is drawn as text: nothing in it
is read as markup."""

import io
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from paideia.commerce.models import Invoice, OrderLine
from paideia.lib import formatting

WIDTH, HEIGHT = 595.28, 841.89  # A4 in points
LEFT, RIGHT, TOP, BOTTOM = 56.0, 539.0, 780.0, 70.0
LATIN, BOLD, CHINESE = "Helvetica", "Helvetica-Bold", "STSong-Light"


def invoice_pdf(invoice: Invoice) -> bytes:
    """The bytes of one A4 page or several. The same invoice in the same language is the same bytes."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    if CHINESE not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    body = io.BytesIO()
    canvas = Canvas(body, pagesize=(WIDTH, HEIGHT), invariant=1, pageCompression=1)
    canvas.setTitle(f"{Invoice.Kind(invoice.kind).label} {invoice}")
    canvas.setAuthor(_clean(invoice.seller["name"]))
    page = _Page(canvas, pdfmetrics.stringWidth)
    _draw(page, invoice)
    canvas.save()
    return body.getvalue()


def _draw(page: "_Page", invoice: Invoice) -> None:
    money = formatting.money
    page.text(str(Invoice.Kind(invoice.kind).label), size=22, bold=True)
    page.down(6)
    said = [(_("Invoice number"), str(invoice)), (_("Date"), formatting.date(invoice.issued_at))]
    said.append((_("Order"), invoice.order.number))
    if invoice.corrects is not None:
        said.append((_("To invoice"), str(invoice.corrects)))
    for name, value in said:
        page.pair(name, value)
    for heading, party in ((_("From"), invoice.seller), (_("To"), invoice.buyer)):
        page.down(12)
        page.text(heading, size=9, grey=True)
        page.text(party["name"], bold=True)
        for line in party["address"].splitlines():
            page.text(line)
        page.text(party.get("country", ""))
        if party["tax_id"]:
            page.text(_("Tax number: %(number)s") % {"number": party["tax_id"]})
    page.down(14)
    page.text(invoice.title, bold=True)
    page.rule()
    for line in invoice.lines:
        page.row(_name_of(line), money(line["amount"], invoice.currency))
    page.rule()
    sign = -1 if invoice.is_credit else 1
    if invoice.tax_name:
        page.row(_("Before tax"), money(sign * invoice.net, invoice.currency))
        rate = formatting.number(invoice.tax_rate / 100)
        page.row(
            _("%(tax)s, %(rate)s %%") % {"tax": invoice.tax_name, "rate": rate},
            money(sign * invoice.tax, invoice.currency),
        )
    page.row(_("Total"), money(sign * invoice.amount, invoice.currency), bold=True)
    if invoice.seller.get("footer"):
        page.down(24)
        page.text(invoice.seller["footer"], size=9, grey=True)


def _name_of(line: dict[str, Any]) -> str:
    if line["kind"] == "refund":
        return _("Refund")
    label = str(OrderLine.Kind(line["kind"]).label)
    return f"{label} ({line['note']})" if line["note"] else label


class _Page:
    """A pen that goes down the page, and on to the next."""

    def __init__(self, canvas: Any, width_of: Any) -> None:
        self.canvas, self.width_of, self.y = canvas, width_of, TOP

    def down(self, by: float) -> None:
        self.y -= by
        if self.y < BOTTOM:
            self.canvas.showPage()
            self.y = TOP

    def text(self, words: str, *, size: float = 11, bold: bool = False, grey: bool = False) -> None:
        """One paragraph, broken where the line is full."""
        for line in self._broken(_clean(words), size, RIGHT - LEFT, bold):
            self.down(size * 1.5)
            self._put(LEFT, line, size, bold, grey)

    def pair(self, name: str, value: str) -> None:
        self.down(17)
        self._put(LEFT, _clean(name), 10, False, True)
        self._put(LEFT + 110, _clean(value), 11, False, False)

    def row(self, name: str, amount: str, *, bold: bool = False) -> None:
        """A name, and an amount at the right end."""
        amount = _clean(amount)
        first, *rest = self._broken(_clean(name), 11, RIGHT - LEFT - 130, bold) or [""]
        self.down(18)
        self._put(LEFT, first, 11, bold, False)
        self._put(RIGHT - self._width(amount, 11, bold), amount, 11, bold, False)
        for line in rest:
            self.down(16)
            self._put(LEFT, line, 11, bold, False)

    def rule(self) -> None:
        self.down(8)
        self.canvas.setStrokeGray(0.75)
        self.canvas.line(LEFT, self.y, RIGHT, self.y)

    def _put(self, x: float, words: str, size: float, bold: bool, grey: bool) -> None:
        self.canvas.setFillGray(0.4 if grey else 0)
        for font, run in _runs(words, bold):
            self.canvas.setFont(font, size)
            self.canvas.drawString(x, self.y, run)
            x += self.width_of(run, font, size)

    def _width(self, words: str, size: float, bold: bool) -> float:
        return float(sum(self.width_of(run, font, size) for font, run in _runs(words, bold)))

    def _broken(self, words: str, size: float, width: float, bold: bool) -> list[str]:
        """Lines that fit, broken between words where there is one, else between characters."""
        lines, line = [], ""
        for letter in words:
            if self._width(line + letter, size, bold) > width:
                head, space, tail = line.rpartition(" ")
                if space and not _is_wide(letter):
                    lines.append(head)
                    line = tail + letter
                else:
                    lines.append(line)
                    line = letter
            else:
                line += letter
        return [*lines, line] if line else lines


def _runs(words: str, bold: bool) -> Iterator[tuple[str, str]]:
    """Pieces of a text, each with a font that has its letters."""
    latin = BOLD if bold else LATIN
    run, font = "", latin
    for letter in words:
        own = CHINESE if _is_wide(letter) else latin
        if own != font and run:
            yield font, run
            run = ""
        run, font = run + letter, own
    if run:
        yield font, run


def _is_wide(letter: str) -> bool:
    try:
        letter.encode("cp1252")
    except UnicodeEncodeError:
        return True
    return False


def _clean(words: str) -> str:
    """What can be drawn: no control characters, and a mark for letters that no font here has."""
    words = "".join(letter if letter.isprintable() else " " for letter in words).strip()
    return "".join(letter if not _is_wide(letter) or _is_chinese(letter) else "?" for letter in words)


def _is_chinese(letter: str) -> bool:
    try:
        letter.encode("gb18030")
    except UnicodeEncodeError:
        return False
    return ord(letter) < 0x10000
