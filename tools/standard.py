"""The standard set of tools."""

from dxtrace.knowledge import Knowledge
from expert_models import ExpertModel
from expert_models.chest_radiograph_lungs import ChestRadiographLungs
from expert_models.classical import ZonalOpacityReader, classical_experts
from tools.configured import load_configured
from tools.guideline_search import GuidelineSearch
from tools.patient_record import PatientRecordReader
from tools.registry import ToolRegistry, registered_tools
from tools.report_reader import ReportReader
from tools.report_tool import ReportTool
from tools.similar_cases import CaseSearch, DifferentialTool, ExemplarTool, SimilarCaseTool
from tools.tool import Tool


def standard_registry(knowledge: Knowledge, reader: ReportReader) -> ToolRegistry:
    """Built-in tools, those registered in this process, of installed packages, by configuration."""
    registry = ToolRegistry()
    record, report = PatientRecordReader(knowledge, reader), ReportTool(reader)
    registry.register(Tool(record.card, record.run))
    registry.register(Tool(report.card, report.run))
    guidelines = GuidelineSearch(knowledge, reader)
    registry.register(Tool(guidelines.card, guidelines.run))
    search = CaseSearch(knowledge, reader)
    similar, differential = SimilarCaseTool(search), DifferentialTool(search, registry.finders)
    registry.register(Tool(similar.card, similar.run))
    registry.register(Tool(differential.card, differential.run))
    exemplars = ExemplarTool(search, reader)
    registry.register(Tool(exemplars.card, exemplars.run))
    lungs = ChestRadiographLungs()
    zones = ZonalOpacityReader(lungs.masks)
    experts: tuple[ExpertModel, ...] = (lungs, zones, *classical_experts())
    for expert in experts:
        registry.register(Tool(expert.card, expert.run))
    for tool in registered_tools():
        registry.register(tool)
    registry.load_entry_points()
    load_configured(registry)
    return registry
