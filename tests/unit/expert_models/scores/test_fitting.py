import numpy as np
import pytest

from expert_models.scores.fitting import exact_interval, fit_concept


def fit(positives, negatives, sensitivity=0.9, specificity=0.9):  # type: ignore[no-untyped-def]
    return fit_concept(
        "logit",
        np.asarray(positives, float),
        np.asarray(negatives, float),
        sensitivity=sensitivity,
        specificity=specificity,
        confidence=0.95,
    )


def test_thresholds_reach_what_was_asked_for_with_their_whole_interval() -> None:
    rng = np.random.default_rng(1)
    positives, negatives = rng.normal(1, 1, 400), rng.normal(-1, 1, 400)
    fitted = fit(positives, negatives)
    assert fitted.absent is not None
    assert fitted.present is not None
    assert fitted.absent.low >= 0.9
    assert fitted.present.low >= 0.9
    assert fitted.absent.rate == (positives >= fitted.absent.threshold).mean()
    assert fitted.present.rate == (negatives < fitted.present.threshold).mean()
    assert fitted.absent.threshold < fitted.present.threshold
    # The next case along either scale would break it.
    tighter = positives[positives > fitted.absent.threshold].min()
    assert exact_interval(int((positives >= tighter).sum()), 400, 0.95)[0] < 0.9
    assert fitted.auc == pytest.approx(0.92, abs=0.03)


def test_few_cases_show_nothing() -> None:
    fitted = fit([3, 4, 5], np.linspace(-3, -1, 200))
    assert fitted.absent is None
    assert fitted.present is not None
    assert fitted.why_open == ("3 cases that have it show no sensitivity of 0.9",)


def test_scores_that_tell_nothing_give_no_useful_threshold() -> None:
    same = np.zeros(500)
    fitted = fit(same, same)
    assert fitted.auc == 0.5
    # Whoever calls all zeroes absent has no sensitivity; whoever calls them present no specificity.
    assert fitted.absent is not None
    assert fitted.present is not None
    assert fitted.absent.threshold <= 0 < fitted.present.threshold


def test_where_both_hold_there_is_one_threshold() -> None:
    fitted = fit(np.linspace(2, 3, 100), np.linspace(-3, -2, 100))
    assert fitted.absent is not None
    assert fitted.present is not None
    assert -2 < fitted.absent.threshold == fitted.present.threshold < 2.2
    assert fitted.present.rate == 1


@pytest.mark.parametrize("positives", [[], [1.0]])
def test_no_cases_at_all(positives: list[float]) -> None:
    fitted = fit(positives, [])
    assert (fitted.present, fitted.absent, fitted.auc) == (None, None, None)


def test_exact_intervals() -> None:
    """Values of Clopper and Pearson's interval as tables have them: 0, 10 and 8 of 10."""
    assert exact_interval(0, 10, 0.95) == pytest.approx((0, 0.3085), abs=1e-4)
    assert exact_interval(10, 10, 0.95) == pytest.approx((0.6915, 1), abs=1e-4)
    assert exact_interval(8, 10, 0.95) == pytest.approx((0.4439, 0.9748), abs=1e-4)
