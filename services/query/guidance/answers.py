"""What guidance answers, for its OpenAPI document."""

from __future__ import annotations

from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.guidance.calculators.inputs import UNITS
from services.query.guidance.clocks import STARTS
from services.query.guidance.evidence import BURDENS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.vocabulary import CATEGORIES, FLAGS


class CitedSource(Shown):
    """What a statement rests on; title `–` marks a rule or target of this service itself."""

    title = show.text("short title", example="劳动合同法")
    article = show.text("number of the article", null=True, example="47")
    label = show.text("the citation in full", example="《劳动合同法》第四十七条")
    url = show.text("the article in the library, if it is an article", null=True, uri=True)


class GuidanceStep(Shown):
    """One step, in the order in which it is taken."""

    id = show.text("stable name of the statement")
    text = show.text("in the caller's language")
    source = show.part(CitedSource, "what it rests on")


class GuidanceClock(Shown):
    """A term. Without the day it runs from it is a rule in words, and `due_on` is null."""

    name = show.text("name of the clock", example="acceptance_decision")
    title = show.text("in the caller's language")
    runs_from = show.word("the day it runs from, to be stated in the query", STARTS)
    due_on = show.day("last day", null=True)
    provisional = show.flag("whether a holiday plan not yet announced may move it")
    past = show.flag("whether the day is over")
    explanation = show.text("the rule")
    source = show.part(CitedSource, "what it rests on")


class HelpfulEvidence(GuidanceStep):
    """Something that helps to prove the case."""

    burden = show.word("who bears the burden of proof", BURDENS)
    burden_text = show.text("in the caller's language")


class PossibleClaim(GuidanceStep):
    """Something that can be asked for."""

    calculator = show.text("link to the calculator, if there is one", null=True, uri=True)


class PlaceOfHelp(GuidanceStep):
    """Where help is."""

    phone = show.text("number to call", null=True, example="12348")


class GuidanceLinks(Shown):
    """Where to go on."""

    organisations = show.text(
        "mediation organisations, of the division if one was stated", uri=True
    )
    calculators = show.text("all calculators", uri=True)


class Guidance(Shown):
    """What to do about a dispute."""

    category = show.word("kind of dispute", CATEGORIES)
    category_text = show.text("in the caller's language")
    flags = show.words(FLAGS, "what is special about it")
    steps = show.parts(GuidanceStep, "in order")
    clocks = show.parts(GuidanceClock, "those that concern it")
    evidence = show.parts(HelpfulEvidence, "")
    claims = show.parts(PossibleClaim, "")
    places = show.parts(PlaceOfHelp, "")
    links = show.part(GuidanceLinks, "")
    disclaimer = show.text("for reference only")


class InputChoice(Shown):
    """One word of a choice."""

    value = show.text("the word to send")
    text = show.text("in the caller's language")


class CalculatorInput(Shown):
    """One member of a calculator's body."""

    name = show.text("its name")
    title = show.text("in the caller's language")
    unit = show.word("money is CNY with at most two decimals", UNITS)
    unit_text = show.text("in the caller's language")
    required = show.flag("whether it has to be stated")
    least = show.text("smallest value, of numbers", null=True)
    most = show.text("largest value, of numbers", null=True)
    choices = show.parts(InputChoice, "the words to choose from, of choices")
    source = show.part(CitedSource, "where the law says what it is", null=True)


class CalculatorView(Shown):
    """A calculator and what it asks for."""

    name = show.word("its name", CALCULATORS)
    title = show.text("in the caller's language")
    url = show.text("where to POST the inputs", uri=True)
    sources = show.parts(CitedSource, "articles of the formula")
    inputs = show.parts(CalculatorInput, "")


class Calculators(Shown):
    """All calculators."""

    items = show.parts(CalculatorView, "")
    disclaimer = show.text("for reference only")


class CalculationLine(Shown):
    """A sentence and what it rests on."""

    text = show.text("in the caller's language")
    source = show.part(CitedSource, "")


class CalculationResult(Shown):
    """One result."""

    name = show.text("its name")
    title = show.text("in the caller's language")
    value = show.text("CNY with two decimals, a plain number, or a day", example="56003.50")
    unit = show.word("its unit", UNITS)
    unit_text = show.text("in the caller's language")


class Calculation(Shown):
    """What a claim comes to, and how."""

    calculator = show.word("its name", CALCULATORS)
    title = show.text("in the caller's language")
    amount = show.text("value of the first result", example="56003.50")
    unit = show.word("its unit", UNITS)
    results = show.parts(CalculationResult, "the answer first, then what it is made of")
    steps = show.parts(CalculationLine, "the computation, with its numbers")
    bounds = show.parts(CalculationLine, "upper and lower limits that were applied")
    assumptions = show.parts(CalculationLine, "what is taken for granted")
    warnings = show.parts(CalculationLine, "what to be careful of")
    sources = show.parts(CitedSource, "articles of the formula")
    disclaimer = show.text("for reference only")
