"""Code that bundles bring along, with the interfaces of the zoo's; answers are set by the image."""

VISTA3D_SCRIPTS = {
    "__init__.py": "from . import evaluator, inferer\n",
    "inferer.py": '''
import torch
from monai.inferers import Inferer


class Vista3dInferer(Inferer):
    """Runs the network on a corner of the image, and answers by brightness."""

    def __call__(self, inputs, network, point_coords, point_labels, class_vector, labels=None,
                 label_set=None, prev_mask=None):
        corner = torch.zeros(1, 1, 32, 32, 32)
        seen = network(corner, point_coords=point_coords, point_labels=point_labels,
                       class_vector=class_vector, prompt_class=class_vector)
        assert seen.shape[0] == len(class_vector)
        steps = [0.5, 0.8] + [2.0] * max(0, len(class_vector) - 2)
        steps = steps[:len(class_vector)]
        out = [torch.where(inputs[0, 0] > step, 1.0 + 10 * step, -1.0) for step in steps]
        return torch.stack(out)[None]
''',
    "evaluator.py": '''
import torch
from monai.engines import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.transforms import reset_ops_id
from monai.utils.enums import CommonKeys as Keys


class Vista3dEvaluator(SupervisedEvaluator):
    """Takes prompts from the data item; everything, if there are none."""

    def __init__(self, hyper_kwargs=None, **kwargs):
        super().__init__(**kwargs)
        self.hyper_kwargs = hyper_kwargs

    def _iteration(self, engine, batchdata):
        inputs, prompt = batchdata["image"].to(engine.state.device), batchdata.get("label_prompt")
        if prompt is None:
            prompt = [torch.tensor(i) for i in self.hyper_kwargs["everything_labels"]]
        prompt = torch.as_tensor([int(p) for p in prompt]).unsqueeze(-1)
        engine.state.output = {Keys.IMAGE: inputs, Keys.LABEL: None}
        with engine.mode(engine.network), torch.no_grad():
            engine.state.output[Keys.PRED] = engine.inferer(
                inputs=inputs, network=engine.network, point_coords=None, point_labels=None,
                class_vector=prompt)
        reset_ops_id(inputs)
        engine.state.output["label_prompt"] = prompt.unsqueeze(0)
        engine.fire_event(IterationEvents.FORWARD_COMPLETED)
        engine.fire_event(IterationEvents.MODEL_COMPLETED)
        return engine.state.output
''',
}

DETECTION_SCRIPTS = {
    "__init__.py": "from . import detection_inferer, evaluator\n",
    "detection_inferer.py": '''
import torch
from monai.inferers.inferer import Inferer


class RetinaNetInferer(Inferer):
    """Runs the detector, and adds a box around what is dense."""

    def __init__(self, detector, force_sliding_window=False):
        super().__init__()
        self.detector = detector

    def __call__(self, inputs, network, *args, **kwargs):
        self.detector.network, self.detector.training = network, network.training
        found = self.detector(inputs, use_inferer=False)
        for image, one in zip(inputs, found):
            where = torch.nonzero(torch.as_tensor(image[0]) > 0.7).float()
            if not len(where):
                continue
            box = torch.cat([where.amin(0), where.amax(0)])[None]
            one["box"] = torch.cat([box, one["box"]])
            one["label"] = torch.cat([torch.zeros(1, dtype=one["label"].dtype), one["label"]])
            one["label_scores"] = torch.cat([torch.tensor([0.97]), one["label_scores"] * 0])
        return found
''',
    "evaluator.py": '''
from monai.engines.evaluator import SupervisedEvaluator
from monai.engines.utils import IterationEvents
from monai.utils.enums import CommonKeys as Keys


def as_list(batchdata, device=None, non_blocking=False, **kwargs):
    return [one["image"].to(device=device) for one in batchdata], None


class DetectionEvaluator(SupervisedEvaluator):
    """Images are a list, outputs a dictionary for each."""

    def __init__(self, **kwargs):
        super().__init__(prepare_batch=as_list, **kwargs)

    def _register_decollate(self):
        @self.on(IterationEvents.MODEL_COMPLETED)
        def _apart(engine):
            out = engine.state.output
            engine.state.output = [
                {k: v[i] for k, v in out.items() if v is not None}
                for i in range(len(out[Keys.IMAGE]))
            ]
''',
}
