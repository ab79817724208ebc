"""What is wrong with a pack, and where."""


class KnowledgeError(ValueError):
    """A knowledge file that cannot be used.

    Args:
        where: file and place, such as ``packs/fleischner/tables/solid.yaml row single-small``.
        problem: what came and what was expected.
    """

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem
