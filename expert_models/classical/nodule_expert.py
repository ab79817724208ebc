"""The expert that looks for lung nodules on CT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dxtrace.clinical import Case, Evidence, Finding, Presence, Source
from dxtrace.clinical.finding import AttributeValue
from expert_models.card import ModelCard, Span
from expert_models.classical.lung_expert import first_with_lungs, lung_notes
from expert_models.errors import ToolRefusal
from expert_models.output import ExpertOutput

if TYPE_CHECKING:
    from dxtrace.clinical.volume import Mask, Volume
    from expert_models.classical.lungs import Lungs
    from expert_models.classical.nodules import Nodule

CONCEPT = "pulmonary_nodule"
BOUNDARY_MM = 0.3
"""What is left of the blur's shift of small surfaces, on phantoms with known sizes."""


class LungNoduleFinder:
    """Finds rounded densities in the lungs."""

    card = ModelCard(
        name="ct_lung_nodules",
        version="1",
        title="Lung nodules on CT, by shape and density",
        task="detection",
        accepts=("image",),
        modalities=("CT",),
        image="stack",
        is_colour=False,
        in_plane_mm=Span(high=1.6),
        slice_mm=Span(high=3.5),
        tolerates_unknown=("spacing",),
        produces=(CONCEPT,),
        memory_mb=3500,
        cost=30.0,
        timeout_s=240.0,
        intended_use="candidates for a reader, with an outline to measure; no diagnosis",
        limits="never reports that there is no nodule: it was tried on phantoms and few scans; "
        "looks for 4 to 60 mm; misses flat, branching and endobronchial lesions, those on "
        "vessels about as thick as themselves or broadly joined to the wall, and any in lung "
        "that is not aerated; calls a nodule present only if it is compact, at most 1.8 times "
        "as long as wide (1.5 at the wall), well resolved and thicker than what goes on from "
        "it, else indeterminate with the reason; calcium away from the wall needs no shape; "
        "leaves composition open where densities do not settle it; zones are thirds of the "
        "lung's height, no lobes",
        licence="Apache-2.0",
        citation="Lindeberg T. Int J Comput Vis 1998;30:79; "
        "Sato Y et al. Med Image Anal 1998;2:143",
    )

    def run(self, case: Case) -> ExpertOutput:
        """Report what is found in the lungs of the current CT.

        Nothing found gives no finding, and a note that says what that is worth.

        Raises:
            ToolRefusal: if there are no lungs to search, or nothing is found in lungs that the scan
                cuts off.
        """
        from expert_models.classical.nodules import find_nodules

        volume, lungs = first_with_lungs(self.card, case)
        nodules = find_nodules(lungs)
        if not nodules and lungs.cut_off:
            raise ToolRefusal(
                f"nothing found in the part of the lungs that is in the scan; the rest is cut off "
                f"({', '.join(lungs.cut_off)})"
            )
        nothing = () if nodules else (
            "no candidate of 4 mm or more by these criteria; that does not exclude nodules",
        )  # fmt: skip
        return ExpertOutput(
            findings=tuple(self._finding(i, n) for i, n in enumerate(nodules, start=1)),
            masks=tuple(_mask(i, n, lungs, volume) for i, n in enumerate(nodules, start=1)),
            notes=(*lung_notes(lungs), *nothing),
        )

    def _finding(self, number: int, nodule: Nodule) -> Finding:
        attributes: dict[str, AttributeValue] = {}
        if nodule.composition is not None:
            attributes["composition"] = nodule.composition
        if nodule.calcification is not None:
            attributes["calcification"] = nodule.calcification
        if nodule.at_wall:
            attributes["juxtapleural"] = True
        return Finding(
            id=_name(number), concept=CONCEPT, presence=nodule.presence, laterality=nodule.side,
            location=_place(nodule), attributes=attributes, lesion=_name(number),
            source=Source.TOOL, text=_words(nodule),
            evidence=(Evidence(tool=self.card.name, version=self.card.version),),
        )  # fmt: skip


def _name(number: int) -> str:
    return f"ct_nodule_{number}"


def _place(nodule: Nodule) -> str | None:
    if nodule.side is None:
        return None
    lung = f"{nodule.side.value} lung"
    return f"{lung}, {nodule.zone} third" if nodule.zone else lung


def _words(nodule: Nodule) -> str:
    """What was seen, for a reader; without a size, which is measured in one place for all."""
    clear = nodule.presence is Presence.PRESENT
    what = "rounded density by the criteria for a nodule" if clear else "possible nodule"
    place = _place(nodule)
    density = f"{nodule.outline.core_hu:.0f} HU inside, {nodule.outline.around_hu:.0f} HU around"
    said = (f"{what}{f' in the {place}' if place else ''}", *nodule.doubts, density)
    return "; ".join(said)


def _mask(number: int, nodule: Nodule, lungs: Lungs, volume: Volume) -> Mask:
    from dxtrace.clinical.volume import Mask

    attributes = {"composition": nodule.composition} if nodule.composition else {}
    return Mask(
        name=f"nodule_{number}", voxels=nodule.mask(lungs), geometry=volume.geometry,
        series=volume.series, title=f"Nodule {number}", concept=CONCEPT, finding=_name(number),
        boundary_mm=BOUNDARY_MM, attributes=dict(attributes),
    )  # fmt: skip
