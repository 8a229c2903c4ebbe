import pytest

from seewhy.config.params import Attributions, Params, Preprocessing
from seewhy.config.project import find_project
from seewhy.config.validation import validate_settings
from seewhy.config.yaml_file import read_yaml
from seewhy.errors import SeewhyError
from tests.conftest import PARAMS, ROOT

BASE = {
    "base": {},
    "attributions": {"methods": ["gradcam"]},
    "demo": {},
    "datasets": {},
    "studies": {},
    "comparisons": {},
    "gates": {},
}
WRONG = [
    ("study", {}, "unknown key 'study' in params.yaml; did you mean 'studies'? allowed: base, demo, "),
    (
        "base.colour",
        "jet",
        "unknown key 'colour' in base of params.yaml; did you mean 'colormap'? allowed: seed, device",
    ),
    ("base.threads", 0, "base.threads in params.yaml: found 0; allowed: greater than or equal to 1"),
    ("base.seed", -1, "base.seed in params.yaml: found -1; allowed: greater than or equal to 0"),
    ("base.colormap", "pink", "base.colormap in params.yaml: found 'pink'; allowed: 'viridis', 'inferno', "),
    ("base.threads", True, "base.threads in params.yaml: found True; allowed: a valid integer"),
    ("base.batch_size", "32", "base.batch_size in params.yaml: found '32'; allowed: a valid integer"),
    ("base.opacity", "0.5", "base.opacity in params.yaml: found '0.5'; allowed: a valid number"),
    ("demo", [], "demo in params.yaml: found []; allowed: a mapping of names to settings, {} for none"),
    ("base.device", "gpu", "base.device in params.yaml: found 'gpu'; allowed: auto, cpu, mps, cuda, cuda:0"),
    ("base", 3, "base in params.yaml: found 3; allowed: a valid dictionary"),
    (
        "studies.tiny.chekpoint",
        "a",
        "unknown key 'chekpoint' in studies.tiny of params.yaml; did you mean 'checkpoint'?",
    ),
    ("studies.tiny.checkpoint", None, "missing key 'studies.tiny.checkpoint' in params.yaml"),
    ("studies.tiny.checkpoint", "/elsewhere/a.pth", "found '/elsewhere/a.pth'; allowed: a path inside the project"),
    ("studies.tiny.checkpoint", "../a.pth", "found '../a.pth'; allowed: a path inside the project"),
    ("datasets.things.manifest", "", "datasets.things.manifest in params.yaml: found ''; allowed: a path inside"),
    ("datasets", None, "missing key 'datasets' in params.yaml"),
    ("studies", None, "missing key 'studies' in params.yaml"),
    ("studies.tiny.dataset", None, "missing key 'studies.tiny.dataset' in params.yaml"),
    (
        "studies.tiny.dataset",
        "thing",
        "unknown dataset 'thing' in studies.tiny.dataset of params.yaml; did you mean 'things'? allowed: things",
    ),
    ("studies.a/b", {}, "studies.a/b in params.yaml: found 'a/b'; allowed: letters, digits, - and _"),
    ("studies.tiny.preprocessing.size", "big", "preprocessing.size in params.yaml: found 'big'; allowed: pixels, or"),
    ("studies.tiny.preprocessing.size", [0, 5], "preprocessing.size in params.yaml: found [0, 5]; allowed: pixels, or"),
    ("studies.tiny.preprocessing.mean", [0.5, 0.5], "found [0.5, 0.5]; allowed: one number, or three"),
    ("studies.tiny.output", "relu", "output in params.yaml: found 'relu'; allowed: 'logits', 'sigmoid' or 'softmax'"),
    ("studies.tiny.regions", {"eyes": [0, 0, 1]}, "regions.eyes.3' in params.yaml"),
    (
        "studies.tiny.regions",
        {"eyes": [4, 10, 44, 22]},
        "regions.eyes in params.yaml: found [4, 10, 44, 22]; allowed: [x0, y0, x1, y1] from 0 to 1, shares of the ",
    ),
    ("studies.tiny.regions", {"eyes": [0.5, 0, 0.5, 1]}, "found [0.5, 0, 0.5, 1]; allowed: [x0, y0, x1, y1] from 0 "),
    (
        "studies.tiny.preprocessing",
        {"grey": True, "mean": [0.5, 0.5, 0.5]},
        "preprocessing.grey in params.yaml: found True; allowed: true with one number for mean and one for std",
    ),
    ("studies.tiny.preprocessing.grey", "yes", "preprocessing.grey in params.yaml: found 'yes'; allowed: a valid bool"),
    ("studies.tiny.preprocessing.scale", 2, "preprocessing.scale in params.yaml: found 2; allowed: 1 or 255"),
    (
        "studies.tiny.preprocessing.resiz",
        2,
        "unknown key 'resiz' in studies.tiny.preprocessing of params.yaml; did you",
    ),
    ("comparisons.both", {"studies": ["tiny", "tyni"]}, "unknown study 'tyni' in comparisons.both of params.yaml; did"),
    ("comparisons", [], "comparisons in params.yaml: found []; allowed: a mapping of names to settings, {} for none"),
    (
        "comparisons.both",
        {"studies": ["tiny"]},
        "comparisons.both.studies in params.yaml: found ['tiny']; allowed: the names of two different studies",
    ),
    ("comparisons.both", {"studies": ["tiny", "tiny"]}, "allowed: the names of two different studies"),
    ("comparisons.both", {"studies": ["tiny", "two", "three"]}, "allowed: the names of two different studies"),
    ("comparisons.a/b", {"studies": ["tiny", "two"]}, "found 'a/b'; allowed: letters, digits, - and _"),
    ("demo.photos", {"recipe": "photos", "out": "x"}, "missing key 'demo.photos.from' in params.yaml"),
    ("grad_cam.step", 3, "unknown key 'step' in section 'grad_cam' of params.yaml; did you mean 'steps'? allowed: "),
    ("grad_cam.study", "b", "unknown key 'study' in section 'grad_cam' of params.yaml"),
    (
        "grad_cam.steps",
        "many",
        "grad_cam.steps in params.yaml: found 'many'; allowed: int, as its default 4 in notebooks/02",
    ),
    ("grad_cam.steps", 4.5, "grad_cam.steps in params.yaml: found 4.5; allowed: int"),
    ("grad_cam.steps", True, "grad_cam.steps in params.yaml: found True; allowed: int"),
    ("grad_cam.tasks", ["classify"], "tasks.grad_cam.0 in params.yaml: found 'classify'; allowed: 'classification', "),
    ("grad_cam", [], "grad_cam in params.yaml: found []; allowed: a mapping of names to values"),
    ("gates", [], "gates in params.yaml: found []; allowed: a mapping of names to settings, {} for none"),
    (
        "gates.tinny",
        {},
        "unknown study or comparison 'tinny' in gates of params.yaml; did you mean 'tiny'? allowed: tiny",
    ),
    (
        "gates.tiny.accuracy",
        0.8,
        "gates.tiny.accuracy in params.yaml: found 0.8; allowed: either min or max, as {metric: ",
    ),
    (
        "gates.tiny.accuracy",
        {},
        "gates.tiny.accuracy in params.yaml: found {}; allowed: either min or max, as {metric: ",
    ),
    ("gates.tiny.accuracy", {"min": 0.1, "max": 0.9}, "found {'min': 0.1, 'max': 0.9}; allowed: either min or max"),
    (
        "gates.tiny.accuracy",
        {"min": "0.8"},
        "gates.tiny.accuracy.min in params.yaml: found '0.8'; allowed: a valid num",
    ),
    ("gates.tiny.accuracy", {"min": float("nan")}, "gates.tiny.accuracy.min in params.yaml: found nan; allowed: a fin"),
    ("gates.tiny.accuracy", {"max": 0.8}, "gates.tiny of params.yaml: accuracy found with max; allowed: min"),
    (
        "gates.tiny.accuracy",
        {"min": 0.8, "expectd": "fail"},
        "unknown key 'expectd' in gates.tiny.accuracy of params.yaml; did you mean 'expected'? allowed: min, max",
    ),
    (
        "gates.tiny.accuracy",
        {"min": 0.8, "expected": "failure"},
        "gates.tiny.accuracy.expected in params.yaml: found 'failure'; allowed: 'pass' or 'fail'",
    ),
    (
        "gates.tiny.acuracy",
        {"min": 0.8},
        "unknown gate 'acuracy' in gates.tiny of params.yaml; did you mean 'accuracy'? allowed: accuracy, ",
    ),
    (
        "gates.tiny",
        {"modl.accuracy": {"min": 0.8}},
        "unknown metrics file 'modl' in modl.accuracy of gates.tiny of params.yaml; did you mean 'model'? allowed: ",
    ),
    ("checks", [], "checks in params.yaml: found []; allowed: a mapping of names to settings, {} for none"),
    ("checks.tinny", [], "unknown study or comparison 'tinny' in checks of params.yaml; did you mean 'tiny'?"),
    ("checks.tiny", [{"metric": "accuracy"}], "found {'metric': 'accuracy'}; allowed: either min or max, as {metric: "),
    ("checks.tiny", [{"min": 1}], "missing key 'checks.tiny.0.metric' in params.yaml"),
    (
        "checks.tiny",
        [{"metric": "lift", "metod": "gradcam", "min": 1}],
        "unknown key 'metod' in checks.tiny.0 of params.yaml; did you mean 'method'? allowed: min, max, ",
    ),
    ("grad_cam", False, "grad_cam in params.yaml: found False; allowed: a mapping of names to values"),
]


@pytest.mark.parametrize(("key", "value", "line"), WRONG, ids=[f"{key}={value}"[:40] for key, value, _ in WRONG])
def test_a_wrong_setting_is_one_line(project, refused, key, value, line):
    project.set(key, value)
    assert line in refused("dataset", "things")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"base: [", "params.yaml is not valid YAML: "),
        (b"\xff\xfe\xfa", "params.yaml is not valid YAML: "),
        (b"a: 1\na: 2\n", "params.yaml is not valid YAML: "),
        (b"- base\n", "params.yaml: found list; allowed: a mapping of sections"),
        (b"", "params.yaml: found NoneType; allowed: a mapping of sections"),
        (b"studies: {}\n", "missing key "),
    ],
)
def test_a_file_that_is_no_mapping_is_one_line(project, refused, content, line):
    (project.root / "params.yaml").write_bytes(content)
    assert line in refused("dataset", "things")


def test_without_params_yaml(project, refused):
    (project.root / "params.yaml").unlink()
    assert f"no params.yaml in {project.root} or above it" in refused("dataset", "things")


def test_the_project_is_found_from_a_folder_inside_it(project):
    inside = project.root / "mine"
    assert find_project(inside).root == project.root


def test_the_first_error_is_told_and_the_others_are_counted():
    with pytest.raises(SeewhyError, match=r"^missing key 'datasets' in params.yaml \(and 1 more\)$"):
        validate_settings(Params, {}, "params.yaml")


def test_a_required_key_with_a_typo_is_told_as_the_typo(project, refused):
    project.set("studies.tiny.architecture", None)
    project.set("studies.tiny.architectur", "my_nets:Tiny")
    line = refused("dataset", "things")
    told = "seewhy: unknown key 'architectur' in studies.tiny of params.yaml; did you mean 'architecture'? allowed: "
    assert line.startswith(told)
    assert "more)" not in line


def test_a_section_that_is_left_out_has_its_defaults(project):
    assert not {"demo", "comparisons", "gates", "grad_cam"} & set(read_yaml(project.root / "params.yaml"))
    for name in ("base", "attributions"):
        project.set(name, None)
    params = find_project().params
    assert (params.demo, params.comparisons, params.gates, params.sections["grad_cam"]) == ({}, {}, {}, {})
    assert params.base.batch_size == 32
    assert params.attributions.methods[:2] == ["activation", "gradcam"]


def test_the_defaults_of_the_attributions_are_those_of_the_repository():
    assert Attributions().methods == find_project(ROOT).params.attributions.methods


def test_a_notebook_may_serve_some_tasks_only(project):
    project.set("features", {"channels": 2, "tasks": ["segmentation"]})
    assert "05_features" not in dict(find_project().page_titles("tiny"))
    assert find_project().params.sections["features"] == {"channels": 2}
    project.set("features.tasks", ["segmentation", "classification"])
    assert "05_features" in dict(find_project().page_titles("tiny"))


def test_empty_sections_mean_nothing_there(project):
    for name in ("base", "grad_cam"):
        project.set(name, {})
    text = (project.root / "params.yaml").read_text().replace("{}", "")
    (project.root / "params.yaml").write_text(text + "demo: {}\ncomparisons: {}\ngates: {}\n")
    params = find_project().params
    assert params.demo == {}
    assert params.base.batch_size == 32
    assert params.sections["grad_cam"] == {}


def test_a_section_holds_what_is_set_the_rest_being_the_notebooks_own(project):
    project.set("grad_cam.steps", 9)
    assert find_project().params.sections["grad_cam"] == {"steps": 9}


@pytest.fixture
def two(project):
    """A second study of the same images, and a comparison of both."""
    project.set("studies.two", PARAMS["studies"]["tiny"])
    project.set("comparisons.both", {"studies": ["tiny", "two"]})
    return project


def test_words_for_the_object_are_refused_where_answers_are_no_words(project, cli):
    project.set("studies.tiny.object_words", ["cup"])
    code, said = cli("settings")
    assert code == 1
    assert "studies.tiny.object_words in params.yaml: found a classification study; allowed: captioning studies" in said


@pytest.mark.usefixtures("two")
def test_a_comparison_is_of_two_studies_of_the_same_images(cli):
    assert cli("settings") == (0, "")
    assert find_project().params.task_of("both") == "classification"


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        (
            "studies.two.split",
            "train",
            "comparisons.both.studies in params.yaml: found split 'test' of 'things' and split 'train' of 'things'; "
            "allowed: two studies of the same dataset and split",
        ),
        (
            "comparisons.tiny",
            {"studies": ["tiny", "two"]},
            "comparisons.tiny in params.yaml: found the name of a study; allowed: a name of its own",
        ),
        (
            "datasets.things.task",
            "segmentation",
            "comparisons.both.studies in params.yaml: found segmentation; allowed: classification studies",
        ),
    ],
)
def test_studies_that_cannot_be_compared_are_one_line(two, refused, key, value, line):
    two.set(key, value)
    assert line in refused("settings")


def test_settings_are_frozen():
    params = validate_settings(Params, BASE, "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        params.base.seed = 3  # type: ignore[misc]


@pytest.mark.parametrize("size", [7, [7, 9]])
def test_sizes(size):
    assert Preprocessing(size=size).size == (size if size == 7 else (7, 9))


def test_a_misspelt_section_is_told_as_what_it_should_be(project, refused):
    project.set("studies", None)
    project.set("studdies", {})
    assert "unknown key 'studdies' in params.yaml; did you mean 'studies'?" in refused("dataset", "things")


def test_pages_have_the_titles_of_the_notebooks_of_their_task():
    titles = {name: dict(find_project(ROOT).page_titles(name)) for name in ("photos-lite0", "captions-lstm", "trees")}
    assert titles["photos-lite0"]["02_grad_cam"] == "Does the model look at the object?"
    assert titles["captions-lstm"]["02_grad_cam"] == "Does each word look at what it names?"
    assert list(titles["trees"]) == ["08_comparison"]
