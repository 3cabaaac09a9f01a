"""2D people of other programs: tiny files in their exact formats, and what is said about bad ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metricpose import Camera, InputError, MetricposeError, People2D
from metricpose.io import ImagePeople2D, read_people2d, write_people2d
from metricpose.io.openpose import order_of_25
from metricpose.skeletons import CATALOGUE, Skeleton

SIZE = (640, 480)

# A person who stands, seen from the front, by canonical names; the person's left is on the right of the picture.
STANDING = {
    "nose": (300, 60), "eye": (305, 55), "ear": (312, 60), "upper_neck": (300, 85), "head_top": (300, 30),
    "mid_shoulder": (300, 100), "shoulder": (325, 100), "elbow": (335, 150), "wrist": (338, 200),
    "mid_hip": (300, 220), "hip": (315, 220), "knee": (318, 310), "ankle": (318, 400),
    "big_toe": (325, 415), "small_toe": (332, 412), "heel": (316, 408),
    "halpe_head": (300, 28), "halpe_neck": (300, 95),
}  # fmt: skip


def standing(skeleton: Skeleton, shift: float = 0.0) -> np.ndarray:
    """Joints (J, 3) with score 0.5."""
    rows = []
    for name in skeleton.canonical:
        side, _, bare = name.partition("_")
        x, y = STANDING[bare] if side in ("left", "right") else STANDING[name]
        rows.append((600 - x if side == "right" else x, y, 0.5))
    return np.array(rows) + [shift, 0.0, 0.0]


def flat(joints: np.ndarray) -> list[float]:
    return joints.ravel().tolist()


def openpose(*people: Any) -> dict[str, Any]:
    entries = [p if isinstance(p, dict) else {"person_id": [-1], "pose_keypoints_2d": flat(p)} for p in people]
    return {"version": 1.3, "people": entries}


def save(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def error_of(path: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        read_people2d(path, **{"image_size": SIZE, **options})
    text = str(caught.value)
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


BODY25, BODY25B, COCO17, HALPE26 = (CATALOGUE[name] for name in ("body25", "body25b", "coco17", "halpe26"))


class TestOpenPose:
    @pytest.mark.parametrize("skeleton", [BODY25, BODY25B, COCO17])
    def test_skeleton_is_found_out(self, tmp_path: Path, skeleton: Skeleton) -> None:
        path = save(tmp_path / "street_000000000012_keypoints.json", openpose(standing(skeleton)))
        (record,) = read_people2d(path, image_size=SIZE)
        assert record.image == "street_000000000012"
        assert record.people.skeleton is skeleton
        np.testing.assert_allclose(record.people.joints_px[0], standing(skeleton)[:, :2])
        assert record.people.scores.tolist() == [0.5]
        assert record.people.image_size == SIZE

    def test_a_sitting_and_a_lying_person_keep_their_order(self) -> None:
        for skeleton in (BODY25, BODY25B):
            turned = standing(skeleton)[:, [1, 0, 2]]
            folded = standing(skeleton)
            folded[:, 1] = np.where(folded[:, 1] > 300, 520 - folded[:, 1] / 1.3, folded[:, 1])
            for joints in (turned, folded):
                assert order_of_25([openpose(joints)]) == skeleton.name

    def test_the_18_joints_of_the_coco_model(self, tmp_path: Path) -> None:
        order = [0, None, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
        joints = standing(COCO17)
        eighteen = np.array([[300, 100, 0.5] if i is None else joints[i] for i in order])
        (record,) = read_people2d(save(tmp_path / "a.json", openpose(eighteen)), image_size=SIZE)
        np.testing.assert_allclose(record.people.joints_px[0], joints[:, :2])

    def test_unseen_joints_scores_above_one_and_nobody(self, tmp_path: Path) -> None:
        joints = standing(BODY25)
        joints[3] = 0.0
        joints[4, 2] = 1.02
        path = save(tmp_path / "a.json", openpose(joints, {}, {"pose_keypoints_2d": []}))
        (record,) = read_people2d(path, image_size=SIZE)
        assert len(record.people) == 1
        assert record.people.joint_scores[0, 3:5].tolist() == [0.0, 1.0]
        assert record.people.boxes_px[0, 0] > 200

    def test_ids_of_its_tracker(self, tmp_path: Path) -> None:
        tracked = [
            {"person_id": [i], "pose_keypoints_2d": flat(standing(BODY25, 10.0 * n))} for n, i in enumerate((4, -1))
        ]
        (record,) = read_people2d(save(tmp_path / "a.json", openpose(*tracked)), image_size=SIZE)
        assert record.people.ids == (4, 0)

    def test_no_people_is_an_ordinary_picture(self, tmp_path: Path) -> None:
        (record,) = read_people2d(save(tmp_path / "a.json", openpose()), image_size=SIZE)
        assert len(record.people) == 0

    def test_a_folder_in_order_of_name_with_one_skeleton(self, tmp_path: Path) -> None:
        save(tmp_path / "b.json", openpose(standing(BODY25B)))
        save(tmp_path / "a.json", openpose())
        # Alone, two joints could be either; the other pictures tell.
        faint = standing(BODY25B)
        faint[2:] = 0.0
        save(tmp_path / "c.json", openpose(faint))
        (tmp_path / "readme.txt").write_text("not read")
        records = read_people2d(tmp_path, image_size=SIZE)
        assert [record.image for record in records] == ["a", "b", "c"]
        assert {record.people.skeleton.name for record in records} == {"body25b"}

    def test_a_bad_file_of_a_folder(self, tmp_path: Path) -> None:
        save(tmp_path / "a.json", openpose(standing(BODY25)))
        (tmp_path / "b.json").write_text("{")
        save(tmp_path / "c.json", openpose(standing(BODY25)))
        with pytest.raises(InputError, match=r"b\.json: expected JSON, got a fault at line 1"):
            read_people2d(tmp_path, image_size=SIZE)
        faults: list[MetricposeError] = []
        records = read_people2d(tmp_path, image_size=SIZE, on_error=faults.append)
        assert [record.image for record in records] == ["a", "c"]
        assert len(faults) == 1

    @pytest.mark.parametrize(
        ("people", "text"),
        [
            (
                [standing(BODY25)[:24]],
                "people[0]: joints: expected 17 (coco17), 18 (coco17), 25 (body25), got 24; name",
            ),
            ([standing(BODY25), standing(COCO17)], "people[1]: joints: expected 25 (body25), got 17; name the right"),
            (
                [{"pose_keypoints_2d": [1, 2]}],
                "people[0]: pose_keypoints_2d: expected a flat list x, y, score, x, y, ..",
            ),
            ([{"pose_keypoints_2d": "x"}], "people[0]: pose_keypoints_2d: expected a list, got 'x'"),
            ([{"face_keypoints_2d": []}], "people[0]: pose_keypoints_2d: expected a list, got nothing; add it"),
            ([standing(BODY25) * [1, 1, np.nan]], "people[0]: pose_keypoints_2d: expected finite scores, got NaN"),
            (
                [standing(BODY25) * [np.inf, 1, 1]],
                "people[0]: joint 0: expected finite coordinates, got [inf, 60.0] wi",
            ),
        ],
    )
    def test_faults(self, tmp_path: Path, people: list[Any], text: str) -> None:
        assert error_of(save(tmp_path / "a.json", openpose(*people))).startswith(text)

    def test_an_entry_that_is_no_object(self, tmp_path: Path) -> None:
        text = error_of(save(tmp_path / "a.json", {"people": [7]}))
        assert text.startswith("people[0]: expected an object with 'pose_keypoints_2d', got 7")

    def test_the_size_must_come_from_somewhere(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", openpose(standing(BODY25)))
        expected = (
            "picture size: expected width and height, got none (this format does not hold them); "
            "give image_size (--image-size W H) or a camera (--camera FILE)"
        )
        assert error_of(path, image_size=None) == expected
        camera = Camera.from_fov((100, 80), 60)
        (record,) = read_people2d(path, camera=camera)
        assert record.people.image_size == (100, 80)
        assert record.camera is camera

    def test_a_given_skeleton(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", openpose(standing(BODY25)))
        assert read_people2d(path, image_size=SIZE, skeleton="body25b")[0].people.skeleton is BODY25B
        text = error_of(path, skeleton="h36m17")
        assert text == "people[0]: joints: expected 17 (h36m17), got 25; name the right skeleton"


class TestCoco:
    def entry(self, image_id: int = 7, **fields: Any) -> dict[str, Any]:
        return {"image_id": image_id, "category_id": 1, "keypoints": flat(standing(COCO17)), "score": 0.8} | fields

    def test_results_are_gathered_by_picture(self, tmp_path: Path) -> None:
        entries = [self.entry(7), self.entry(3, bbox=[10, 20, 30, 40]), self.entry(7, score=1.7)]
        records = read_people2d(save(tmp_path / "r.json", entries), image_size=SIZE)
        assert [record.image for record in records] == ["7", "3"]
        np.testing.assert_allclose(records[0].people.scores, [0.8, 1.0])
        assert records[1].people.boxes_px.tolist() == [[10, 20, 40, 60]]
        assert records[0].people.skeleton is COCO17

    def test_a_data_set_beside_gives_names_sizes_and_empty_pictures(self, tmp_path: Path) -> None:
        pictures = [{"id": i, "file_name": f"{i}.jpg", "width": 10 * i, "height": 50} for i in (3, 5, 7)]
        images = save(tmp_path / "images.json", {"images": pictures})
        records = read_people2d(save(tmp_path / "r.json", [self.entry(7)]), images=images)
        got = [(record.image, record.people.image_size, len(record.people)) for record in records]
        assert got == [("3.jpg", (30, 50), 0), ("5.jpg", (50, 50), 0), ("7.jpg", (70, 50), 1)]

    def test_annotations(self, tmp_path: Path) -> None:
        visible = standing(COCO17)
        visible[:, 2] = [0] + [1] * 8 + [2] * 8
        unlabelled = self.entry(3, keypoints=[0] * 51)
        crowd = self.entry(3, iscrowd=1)
        picture = {"id": 3, "file_name": "a.jpg", "width": 640, "height": 480}
        annotations = [self.entry(3, keypoints=flat(visible)), unlabelled, crowd]
        (record,) = read_people2d(save(tmp_path / "p.json", {"images": [picture], "annotations": annotations}))
        assert len(record.people) == 1
        assert record.people.joint_scores[0].tolist() == [0.0] + [1.0] * 16

    @pytest.mark.parametrize(
        ("entry", "text"),
        [
            ({"keypoints": [1.0] * 50}, "entry 1 (picture 7): keypoints: expected a flat list x, y, score, x, y"),
            ({"keypoints": [1.0] * 60}, "entry 1 (picture 7): joints: expected 17 (coco17), got 20; name the right"),
            (
                {"bbox": [1, 1, 0, 5]},
                "entry 1 (picture 7): box: expected x1 > x0 and y1 > y0, got [1.0, 1.0, 1.0, 6.0]",
            ),
            ({"score": None, "bbox": [1, None, 2, 5]}, "entry 1 (picture 7): bbox: expected finite numbers, got NaN"),
            ({"image_id": [1]}, "entry 1 (picture [1]): image_id: expected a whole number or a text, got [1]"),
        ],
    )
    def test_faults(self, tmp_path: Path, entry: dict[str, Any], text: str) -> None:
        assert error_of(save(tmp_path / "r.json", [self.entry(), self.entry(**entry)])).startswith(text)

    def test_a_faulty_data_set_is_named(self, tmp_path: Path) -> None:
        results = save(tmp_path / "r.json", [self.entry()])
        for pictures, text in [
            ([{"id": 1, "width": 0, "height": 5}], "images[0]: picture size: expected width and height of at least 1"),
            ([{"id": 1, "width": 5, "height": 5}] * 2, "images[1]: id: expected each picture once, got 1 again"),
        ]:
            images = save(tmp_path / "images.json", {"images": pictures})
            assert error_of(results, images=images).startswith(f"{images}: {text}")


class TestAlphaPose:
    def entry(self, skeleton: Skeleton = HALPE26, **fields: Any) -> dict[str, Any]:
        joints = {"keypoints": flat(standing(skeleton)), "score": 2.9, "box": [10.0, 20.0, 30.0, 40.0]}
        return {"image_id": "b.jpg", "category_id": 1, **joints, "idx": [0.0]} | fields

    def test_halpe_and_coco(self, tmp_path: Path) -> None:
        for skeleton in (HALPE26, COCO17):
            entries = [self.entry(skeleton), self.entry(skeleton, image_id="a.jpg", idx=5), self.entry(skeleton)]
            records = read_people2d(save(tmp_path / "r.json", entries), image_size=SIZE)
            assert [(record.image, len(record.people)) for record in records] == [("b.jpg", 2), ("a.jpg", 1)]
            assert records[0].people.skeleton is skeleton
            assert records[0].people.boxes_px[0].tolist() == [10, 20, 40, 60]
            assert records[0].people.scores.tolist() == [0.5, 0.5]
            assert records[1].people.ids == (5,)

    def test_the_body_of_136_joints(self, tmp_path: Path) -> None:
        whole = np.concatenate([standing(HALPE26), np.full((110, 3), 0.4)])
        (record,) = read_people2d(save(tmp_path / "r.json", [self.entry(keypoints=flat(whole))] * 2), image_size=SIZE)
        assert record.people.skeleton is HALPE26
        np.testing.assert_allclose(record.people.joints_px[1], standing(HALPE26)[:, :2])

    def test_faults(self, tmp_path: Path) -> None:
        for entry, text in [
            (self.entry(COCO17), "entry 1 (picture 'b.jpg'): joints: expected 26 (halpe26), got 17; name"),
            (self.entry(box=[1, 2, -3, 4]), "entry 1 (picture 'b.jpg'): box: expected x1 > x0 and y1 > y0, got"),
            (7, "entry 1: expected an object with 'image_id', got 7"),
        ]:
            assert error_of(save(tmp_path / "r.json", [self.entry(), entry])).startswith(text)

    def test_doubled_ids_name_the_picture(self, tmp_path: Path) -> None:
        text = error_of(save(tmp_path / "r.json", [self.entry(idx=1), self.entry(idx=1)]))
        assert text.startswith("picture 'b.jpg': id: expected each id once in a picture, got [1] more than once")


class TestMMPose:
    def instance(self, skeleton: Skeleton = COCO17, **fields: Any) -> dict[str, Any]:
        joints = standing(skeleton)
        return {
            "keypoints": joints[:, :2].tolist(),
            "keypoint_scores": (2.1 * joints[:, 2]).tolist(),
            "bbox": [[10.0, 20.0, 30.0, 40.0]],
            "bbox_score": 0.7,
        } | fields

    def test_a_picture(self, tmp_path: Path) -> None:
        (record,) = read_people2d(save(tmp_path / "street.json", [self.instance()] * 2), image_size=SIZE)
        assert record.image == "street"
        assert record.people.skeleton is COCO17
        assert record.people.boxes_px[0].tolist() == [10, 20, 30, 40]
        assert record.people.joint_scores.max() == 1.0
        np.testing.assert_allclose(record.people.scores, 0.7)

    def test_a_video(self, tmp_path: Path) -> None:
        frames = [{"frame_id": 5, "instances": []}, {"frame_id": 6, "instances": [self.instance(HALPE26)]}]
        for document in (frames, {"meta_info": {}, "instance_info": frames}):
            records = read_people2d(save(tmp_path / "clip.json", document), image_size=SIZE)
            assert [record.image for record in records] == ["clip#000005", "clip#000006"]
            assert [len(record.people) for record in records] == [0, 1]
            assert records[1].people.skeleton is HALPE26

    def test_whole_body_and_bare_fields(self, tmp_path: Path) -> None:
        whole = self.instance(keypoints=[[5, 6]] * 133, keypoint_scores=[0.5] * 133, bbox=[1, 2, 3, 4], bbox_score=[2])
        (record,) = read_people2d(save(tmp_path / "a.json", {"instance_info": [whole]}), image_size=SIZE)
        assert record.people.joints_px.shape == (1, 17, 2)
        assert record.people.scores.tolist() == [1.0]

    @pytest.mark.parametrize(
        ("fields", "text"),
        [
            ({"keypoint_scores": [0.5]}, "keypoint_scores: expected 17 numbers, got 1"),
            (
                {"keypoints": [[1, 2]] * 5},
                "joints: expected 17 (coco17), 26 (halpe26), 133 (coco17), got 5; name their",
            ),
            (
                {"keypoints": [[1, float("nan")]] * 17},
                "joint 0: expected finite coordinates, got [1.0, nan] with score",
            ),
            ({"keypoint_scores": [float("nan")] * 17}, "keypoint_scores: expected finite scores, got NaN, infinity or"),
            ({"bbox": [[3, 3, 3, 3]]}, "box: expected x1 > x0 and y1 > y0, got [3.0, 3.0, 3.0, 3.0] (no area); leave"),
            ({"bbox_score": [1, 2]}, "bbox_score: expected one number, got [1, 2]"),
        ],
    )
    def test_faults(self, tmp_path: Path, fields: dict[str, Any], text: str) -> None:
        path = save(tmp_path / "a.json", [self.instance(**fields)])
        assert error_of(path).startswith(f"instances[0]: {text}")

    def test_faults_of_a_frame(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", [{"frame_id": 0, "instances": []}, {"frame_id": 1}])
        assert error_of(path) == "frame 1: instances: expected a list, got nothing; add it"


class TestSniffing:
    @pytest.mark.parametrize(
        ("document", "text"),
        [
            ({"a": 1}, "an object with ['a']; check the file"),
            ([{"b": 1}], "a list of objects with ['b']; check the file"),
            ([1, 2], "[1, 2]; check the file"),
            ("text", "'text'; check the file"),
            (None, "None; check the file"),
            ({}, "an object with []; check the file"),
        ],
    )
    def test_what_was_expected_is_listed(self, tmp_path: Path, document: Any, text: str) -> None:
        got = error_of(save(tmp_path / "a.json", document))
        assert got.startswith("expected 2D people: our JSON (metricpose.people2d/1), OpenPose ('people'), COCO")
        assert got.endswith(f"got {text}")

    def test_an_empty_list_needs_its_format(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", [])
        assert error_of(path).startswith("expected 2D people, got an empty list, which could be of any format; name it")
        assert read_people2d(path, format="coco", image_size=SIZE) == []
        assert len(read_people2d(path, format="mmpose", image_size=SIZE)[0].people) == 0

    @pytest.mark.parametrize("format", ["metricpose", "openpose", "coco", "alphapose", "mmpose"])
    @pytest.mark.parametrize("document", [{"a": 1}, [1], 3, "text", None, [[]], {"people": 4}])
    def test_a_named_format_that_it_is_not(self, tmp_path: Path, document: Any, format: str) -> None:
        assert "expected" in error_of(save(tmp_path / "a.json", document), format=format)

    def test_unknown_format_and_skeleton(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", openpose())
        assert error_of(path, format="csv").startswith("format: expected one of auto, metricpose, openpose, coco, alph")
        assert error_of(path, skeleton="x").startswith("unknown skeleton 'x': expected one of coco17")
        assert error_of(path, image_size=(0, 5)).startswith("image size: expected two positive whole numbers")

    def test_a_result_of_ours_is_no_input(self, tmp_path: Path) -> None:
        path = save(tmp_path / "a.json", {"schema": "metricpose.people3d/1"})
        assert error_of(path).startswith("schema: expected 'metricpose.people2d/1', got 'metricpose.people3d/1'")

    def test_a_given_camera_is_for_pictures_without_one(self, tmp_path: Path) -> None:
        given, stated = Camera.from_fov((64, 48), 50), Camera.from_fov((64, 48), 60)
        nobody = People2D.empty(COCO17, (64, 48))
        records = [ImagePeople2D(image="a", people=nobody, camera=stated), ImagePeople2D(image="b", people=nobody)]
        write_people2d(tmp_path / "p.json", records)
        back = [record.camera for record in read_people2d(tmp_path / "p.json", camera=given)]
        assert back[0] is not None
        assert back[0].focal_px == stated.focal_px
        assert back[1] is given

    def test_a_folder_without_json(self, tmp_path: Path) -> None:
        assert error_of(tmp_path).startswith(
            "expected .json files of 2D people in this folder, got none; check the path"
        )


def test_the_real_clip_is_body_25b(METRICPOSE_SHARED: Path) -> None:
    folder = METRICPOSE_SHARED / "data/real/pose2sim_single/openpose_body25b/cam02_json"
    if not folder.is_dir():
        pytest.skip(f"no real clip at {folder}")
    records = read_people2d(folder, image_size=(1088, 1920))
    assert len(records) == 100
    assert {record.people.skeleton.name for record in records} == {"body25b"}
    assert all(len(record.people) == 2 for record in records[:10])
