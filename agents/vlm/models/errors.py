"""What can go wrong with a model, by who must act."""


class PlannerError(Exception):
    """A model cannot be used. The message says what was tried, where, and what came."""


class PlannerUnavailable(PlannerError):  # noqa: N818  # a state of the world, not a fault in here
    """It cannot be reached, is overloaded or too slow, or broke off: another try may work."""


class PlannerStopped(PlannerError):  # noqa: N818  # somebody's wish, not a fault
    """Nobody waits for its answer any more: no further try is made."""


class PlannerRefused(PlannerError):  # noqa: N818  # a refusal is an answer, not a fault
    """It, or our own rules, said no: the same request will be refused again."""
