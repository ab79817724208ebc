"""Who must act when an expert cannot: nobody (try again), the planner, or the programmer."""


class RetryableError(Exception):
    """Something passing went wrong; the same call may work when tried again."""


class ToolRefusal(Exception):  # noqa: N818  # a refusal is an answer, not a fault
    """The expert cannot say anything about this case; the message tells the planner why."""
