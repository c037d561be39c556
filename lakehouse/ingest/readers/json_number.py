"""The numbers of JSON, judged by their value: `3.0` is 3 and `1.135621E2` is 113.5621, whoever wrote them."""

from __future__ import annotations

from decimal import Decimal

from lakehouse.contracts.model import LogicalType

EXACT_DIGITS = 15  # of a whole number in the programs that write points and exponents; with more of them digits may have been lost
LONGEST = 40  # digits that any column keeps: a number with a larger exponent stays as it was spelled, for the gate to judge


class JsonNumber(str):
    """A number as it was spelled in JSON."""

    __slots__ = ()


def by_value(number: JsonNumber, logical_type: LogicalType) -> str:
    """Return a number as the text its column reads: without an exponent, and where it is no column of decimals without a point.

    What has no whole value stays as it was spelled, and in a text column also what may have lost digits (an identity number that a program
    took for a number): the rules of its column name it.
    """
    is_decimal = logical_type == "number"
    if number.lstrip("-").isdigit() or (is_decimal and "e" not in number.lower()):
        return str(number)
    exact = Decimal(number)
    if abs(exact.adjusted()) > LONGEST or len(number) > 2 * LONGEST:
        return str(number)
    if exact != exact.to_integral_value():
        return format(exact, "f") if is_decimal else str(number)
    return str(int(exact)) if logical_type != "string" or exact.adjusted() < EXACT_DIGITS else str(number)
