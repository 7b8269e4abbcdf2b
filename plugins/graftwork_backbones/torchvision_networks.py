"""The facts of torchvision's networks, as plain data, so that a list of them needs no torch.

Weights: where torchvision publishes two sets, the older (IMAGENET1K_V1). The newer ones are
better at ImageNet's own classes, but were trained with label smoothing and mixed images, and such
features serve other classes less well while they are frozen (Kornblith et al., 2021, "Why Do
Better Loss Functions Lead to Less Transferable Features?"), which is how most runs begin.

Digests: a file's name carries the first eight digits. Torchvision publishes no more; the full
digest stands where independent public records of it agree with each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from graftwork.plugin_api import Interpolation


@dataclass(frozen=True, kw_only=True)
class Network:
    """One network of torchvision and its published weights.

    ``resized`` is the shorter side in pixels from which a square of ``size`` was cropped;
    ``parameters`` are those of the backbone, without torchvision's classifier.
    """

    name: str
    title: str
    summary: str
    file: str
    sha256: str
    mebibytes: float
    size: int
    resized: int
    interpolation: Interpolation
    features: int
    parameters: int


NETWORKS = (
    Network(
        name="resnet18",
        title="ResNet-18",
        summary="Plain, quick and forgiving: the classic first choice for small data sets.",
        file="resnet18-f37072fd.pth",
        sha256="f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
        mebibytes=44.661,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=512,
        parameters=11_176_512,
    ),
    Network(
        name="resnet34",
        title="ResNet-34",
        summary="ResNet-18 with twice the depth: more accurate, and half as fast.",
        file="resnet34-b627a593.pth",
        sha256="b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f",
        mebibytes=83.275,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=512,
        parameters=21_284_672,
    ),
    Network(
        name="resnet50",
        title="ResNet-50",
        summary="The network that most published results are compared with: choose it to compare.",
        file="resnet50-0676ba61.pth",
        sha256="0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        mebibytes=97.781,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=2048,
        parameters=23_508_032,
    ),
    Network(
        name="resnet101",
        title="ResNet-101",
        summary="A deeper ResNet-50: a little more accurate, slow without a graphics card.",
        file="resnet101-63fe2227.pth",
        sha256="63fe2227b86e8f1f2063f43a75c84d195911b6a0eace650907dd3dc62dd49a0a",
        mebibytes=170.511,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=2048,
        parameters=42_500_160,
    ),
    Network(
        name="mobilenet_v3_small",
        title="MobileNetV3-Small",
        summary="The quickest here and the least accurate: for weak machines and very many images.",
        file="mobilenet_v3_small-047dcff4.pth",
        sha256="047dcff4addef86ea5bc2eff13c9614dc11f47ab1160d0a71a25e7db994f4e1f",
        mebibytes=9.829,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=1024,
        parameters=1_517_856,
    ),
    Network(
        name="mobilenet_v3_large",
        title="MobileNetV3-Large",
        summary="Nearly as quick as the small one and clearly more accurate: for weak machines.",
        file="mobilenet_v3_large-8738ca79.pth",
        sha256="8738ca797c879b547d18bbd15da5736ff2557b2036a9af72225393ca61759a04",
        mebibytes=21.114,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=1280,
        parameters=4_202_032,
    ),
    Network(
        name="efficientnet_b0",
        title="EfficientNet-B0",
        summary="Accurate for its size: the step up from EfficientNet-Lite0.",
        file="efficientnet_b0_rwightman-7f5810bc.pth",
        sha256="7f5810bc96def8f7552d5b7e68d53c4786f81167d28291b21c0d90e1fca14934",
        mebibytes=20.451,
        size=224,
        resized=256,
        interpolation="bicubic",
        features=1280,
        parameters=4_007_548,
    ),
    Network(
        name="efficientnet_b1",
        title="EfficientNet-B1",
        summary="Slightly larger images and more layers than B0: when B0 nearly suffices.",
        file="efficientnet_b1_rwightman-bac287d4.pth",
        sha256="bac287d4",
        mebibytes=30.134,
        size=240,
        resized=256,
        interpolation="bicubic",
        features=1280,
        parameters=6_513_184,
    ),
    Network(
        name="efficientnet_b2",
        title="EfficientNet-B2",
        summary="Sees images at 288 pixels: for details that 224 pixels lose.",
        file="efficientnet_b2_rwightman-c35c1473.pth",
        sha256="c35c1473",
        mebibytes=35.174,
        size=288,
        resized=288,
        interpolation="bicubic",
        features=1408,
        parameters=7_700_994,
    ),
    Network(
        name="efficientnet_b3",
        title="EfficientNet-B3",
        summary="Sees images at 300 pixels and is accurate, but slow without a graphics card.",
        file="efficientnet_b3_rwightman-b3899882.pth",
        sha256="b3899882",
        mebibytes=47.184,
        size=300,
        resized=320,
        interpolation="bicubic",
        features=1536,
        parameters=10_696_232,
    ),
    Network(
        name="efficientnet_v2_s",
        title="EfficientNetV2-S",
        summary="The most accurate here, with images at 384 pixels: wants a graphics card.",
        file="efficientnet_v2_s-dd5fe13b.pth",
        sha256="dd5fe13b1d60ec15317ccc8ca158186e134d3366c3dde9cb9a4e301f2dc66c74",
        mebibytes=82.704,
        size=384,
        resized=384,
        interpolation="bilinear",
        features=1280,
        parameters=20_177_488,
    ),
    Network(
        name="convnext_tiny",
        title="ConvNeXt-Tiny",
        summary="Modern, convolutional, transfers well: the first choice with a graphics card.",
        file="convnext_tiny-983f1562.pth",
        sha256="983f1562536e84ff750a1576fb08e54de751dbf2e17c0d8a4a13704341fdcd3d",
        mebibytes=109.119,
        size=224,
        resized=236,
        interpolation="bilinear",
        features=768,
        parameters=27_820_128,
    ),
    Network(
        name="convnext_small",
        title="ConvNeXt-Small",
        summary="ConvNeXt-Tiny made deeper: more accurate, twice as slow; wants a graphics card.",
        file="convnext_small-0c510722.pth",
        sha256="0c510722adfd92966a2bd72b92f785ca05966bbac03cafe2f7a90b1f54bfab9a",
        mebibytes=191.703,
        size=224,
        resized=230,
        interpolation="bilinear",
        features=768,
        parameters=49_454_688,
    ),
    Network(
        name="regnet_y_800mf",
        title="RegNetY-800MF",
        summary="Small, quick on a graphics card, and more accurate than ResNet-18 and ResNet-34.",
        file="regnet_y_800mf-1b27b58c.pth",
        sha256="1b27b58c",
        mebibytes=24.774,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=784,
        parameters=5_647_512,
    ),
    Network(
        name="regnet_y_3_2gf",
        title="RegNetY-3.2GF",
        summary="More accurate than ResNet-50 at less work.",
        file="regnet_y_3_2gf-b5a9779c.pth",
        sha256="b5a9779c",
        mebibytes=74.567,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=1512,
        parameters=17_923_338,
    ),
    Network(
        name="vit_b_16",
        title="ViT-B/16",
        summary="Large, looks at the whole image at once: wants a graphics card.",
        file="vit_b_16-c867db91.pth",
        sha256="c867db91d3e12c6cbadabb610d73c24a546bf82d8c03a9fea34f43a712ddb0e9",
        mebibytes=330.285,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=768,
        parameters=85_798_656,
    ),
    Network(
        name="swin_t",
        title="Swin-T",
        summary="A transformer of fine and coarse windows: strong when all of it is fine-tuned.",
        file="swin_t-704ceda3.pth",
        sha256="704ceda373461b0a224fcdddd75cd2a5e9f8064512ed47adbddef7f343fd147b",
        mebibytes=108.19,
        size=224,
        resized=232,
        interpolation="bicubic",
        features=768,
        parameters=27_519_354,
    ),
    Network(
        name="densenet121",
        title="DenseNet-121",
        summary="Few parameters and much used on medical images; slower than its size suggests.",
        file="densenet121-a639ec97.pth",
        sha256="a639ec97d7c33b07ae66f0b5fb7d0192f95a3b11b7576c66c0126c2a727c4395",
        mebibytes=30.845,
        size=224,
        resized=256,
        interpolation="bilinear",
        features=1024,
        parameters=6_953_856,
    ),
)
