"""The ray lifter, told of the lens alone as the heatmap methods are, or of the camera's tilt and height as well.

It sees what the detector says, and nothing of the truth.
"""

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from metricpose.losses.lifting import LiftingLossOptions, lifting_loss
from metricpose.models.ray_lifter import RayLifterNet, RayLifterOptions
from metricpose.study.learner import Learner, Pupil, optimiser, unjudged, unwritten
from metricpose.study.root_samples import RootSampleOptions, people_judged
from metricpose.study.situation import RootAnswers
from metricpose.training.setup import TrainingSetup
from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions
from metricpose.virtual.lifting_batch import LiftingBatch, lifting_batch
from metricpose.virtual.scenes import SceneBatch

OPTIONS = RayLifterOptions(width=128, hidden=512, blocks=3, attention_layers=1, attention_width=64)
_RATE = 2e-3  # of AdamW: torch's Muon works in bfloat16, which takes 20 times a step's time on CPUs that lack it
_JUDGED = RootSampleOptions()


def _setup(knowledge: KnowledgeOptions, pupil: Pupil) -> TrainingSetup:
    torch.manual_seed(pupil.seed)

    def batch(generator: torch.Generator) -> LiftingBatch:
        scenes = pupil.situation.scenes(pupil.effort.scenes, generator)
        return lifting_batch(scenes, knowledge, generator)

    def loss(model: nn.Module, data: LiftingBatch) -> Mapping[str, Tensor]:
        lifted = model(data.rays, data.scores, data.camera, data.present)
        return lifting_loss(lifted, data.joints_cam, data.real, LiftingLossOptions(), data.misled)

    return TrainingSetup(
        name=pupil.name, model=RayLifterNet(OPTIONS), batch=batch, loss=loss, validate=unjudged, finish=unwritten,
        optimiser=optimiser(pupil.effort, _RATE), seed=pupil.seed,
    )  # fmt: skip


def _answer(
    name: str, knowledge: KnowledgeOptions, model: nn.Module, scenes: SceneBatch, device: torch.device
) -> Mapping[str, RootAnswers]:
    data = lifting_batch(scenes, knowledge, torch.Generator(device).manual_seed(0))
    judged = people_judged(scenes, _JUDGED)
    slots = data.present.shape[1]  # trailing slots without anybody are cut off
    assert not judged[:, slots:].any()
    chosen = judged[:, :slots]
    with torch.no_grad():
        roots_cam = model(data.rays, data.scores, data.camera, data.present).root_cam[chosen]
    truth = data.joints_cam[chosen][:, (11, 12)].mean(1)
    return {name: RootAnswers(roots_cam, truth, data.present[chosen])}


def _learner(name: str, knowledge: KnowledgeOptions) -> Learner:
    return Learner(
        name=name, setup=partial(_setup, knowledge), answer=partial(_answer, name, knowledge), answers=(name,)
    )


RAY_LEARNERS: Mapping[str, Learner] = {
    "ray": _learner("ray", NOTHING),
    "ray_posed": _learner("ray_posed", EXACT),
}
