"""Captions as they are published: Flickr8k's token file, the same as a table, COCO's JSON."""

import json
from typing import Any

import pytest

from seewhy.config.dataset import Dataset
from seewhy.inputs.dataset import check_dataset, load_dataset
from tests.setups.made_b import save_picture

FLICKR = [f"{1000 + number}.jpg#{k}\tA disc on noise , number {k} ." for number in range(3) for k in range(2)]


@pytest.mark.parametrize("kind", ["token file", "tab-separated", "COCO"])
def test_captions_are_read_as_they_are_published(project: Any, kind: str) -> None:
    for number in range(3):
        save_picture(project.root / f"flickr/Images/{1000 + number}.jpg", 0, number, (48, 48))
    names = {"token file": "Flickr8k.token.txt", "tab-separated": "token.tsv", "COCO": "captions_val.json"}
    file, pairs = project.root / "flickr" / names[kind], [one.split("\t") for one in FLICKR]
    images = [{"id": number, "file_name": f"{1000 + number}.jpg"} for number in range(3)]
    marks = [{"image_id": place // 2, "caption": caption} for place, (_, caption) in enumerate(pairs)]
    table = "\n".join(["image\tcaption", *(f"{name.partition('#')[0]}\t{caption}" for name, caption in pairs)])
    coco = json.dumps({"images": images, "annotations": marks})
    file.write_text({"token file": "\n".join(FLICKR), "tab-separated": table, "COCO": coco}[kind])
    check_dataset("flickr", Dataset(task="captioning", data=str(file.relative_to(project.root))), project.root)
    frame = load_dataset("flickr", project.root).frame
    assert [one.rpartition("/")[2] for one in frame["image"]] == ["1000.jpg", "1001.jpg", "1002.jpg"]
    assert frame["caption"].tolist() == ["A disc on noise , number 0 .\nA disc on noise , number 1 ."] * 3
