"""Networks of users as their scripts define them, small."""

SMALL_CNN = """
class SimpleCNN(nn.Module):
    def __init__(self, in_channels=3, num_classes=9):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc1 = nn.Linear(16 * 7 * 7, 32)
        self.fc2 = nn.Linear(32, num_classes)

    def forward(self, x):
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))
"""
UNET = """
def double_conv(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, n_classes=32):
        super().__init__()
        self.enc1, self.enc2, self.enc3 = double_conv(3, 8), double_conv(8, 16), double_conv(16, 32)
        self.pool = nn.MaxPool2d(2)
        self.up2, self.dec2 = nn.ConvTranspose2d(32, 16, 2, 2), double_conv(32, 16)
        self.up1, self.dec1 = nn.ConvTranspose2d(16, 8, 2, 2), double_conv(16, 8)
        self.out = nn.Conv2d(8, n_classes, 1)

    def forward(self, x):
        a = self.enc1(x)
        b = self.enc2(self.pool(a))
        c = self.enc3(self.pool(b))
        b = self.dec2(torch.cat([self.up2(c), b], 1))
        return self.out(self.dec1(torch.cat([self.up1(b), a], 1)))
"""
DRIVER_NET = """
class DriverNet(nn.Module):
    def __init__(self, num_classes=10, backbone="test_efficientnet", dropout=0.3):
        super().__init__()
        self.backbone = timm.create_model(backbone, pretrained=True, num_classes=0, global_pool="")
        width = self.backbone.num_features
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Sequential(nn.BatchNorm1d(width), nn.Dropout(dropout), nn.Linear(width, 32), nn.ReLU(),
                                  nn.Dropout(dropout), nn.Linear(32, num_classes))

    def forward(self, x):
        return self.head(self.pool(self.backbone(x)).flatten(1))
"""
MRI_NETS = """
class ResNetModel(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.model = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
        self.model.fc = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.model.fc.in_features, num_classes))

    def forward(self, x):
        return self.model(x)


class ViTModel(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.vit = models.VisionTransformer(image_size=64, patch_size=16, num_layers=2, num_heads=2, hidden_dim=32,
                                            mlp_dim=64)
        self.vit.heads.head = nn.Linear(32, num_classes)

    def forward(self, x):
        return self.vit(x)


class HybridModel(nn.Module):
    def __init__(self, num_classes, embed_dim=32, depth=2):
        super().__init__()
        resnet = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
        self.cnn = nn.Sequential(*list(resnet.children())[:-3])
        self.proj = nn.Conv2d(256, embed_dim, 1)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 17, embed_dim))
        layer = nn.TransformerEncoderLayer(embed_dim, 4, 64, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, depth)
        self.fc = nn.Linear(embed_dim, num_classes)

    def forward(self, x):
        x = self.proj(self.cnn(x)).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.fc(self.transformer(x)[:, 0])
"""
CIFAR_RESNET = """
class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, in_planes, planes, stride=1):
        super(BasicBlock, self).__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(nn.Conv2d(in_planes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=10):
        super(ResNet, self).__init__()
        self.in_planes = 16
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = self._make_layer(block, 16, num_blocks[0], 1)
        self.layer2 = self._make_layer(block, 24, num_blocks[1], 2)
        self.layer3 = self._make_layer(block, 32, num_blocks[2], 2)
        self.layer4 = self._make_layer(block, 48, num_blocks[3], 2)
        self.linear = nn.Linear(48, num_classes)

    def _make_layer(self, block, planes, count, stride):
        layers = []
        for one in [stride] + [1] * (count - 1):
            layers.append(block(self.in_planes, planes, one))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer4(self.layer3(self.layer2(self.layer1(out))))
        return self.linear(F.avg_pool2d(out, 4).flatten(1))


def ResNet18():
    return ResNet(BasicBlock, [2, 2, 2, 2])
"""
SATELLITE_RESNET = """
from torchvision.models.resnet import BasicBlock


class ResNet(models.ResNet):
    def __init__(self, num_classes, in_channels=3):
        super().__init__(BasicBlock, [1, 1, 1, 1])
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        self.fc = nn.Linear(512, num_classes)
"""
TUMOUR_NET = """
class TumorNet(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        net = models.resnet18(weights='DEFAULT')
        self.stem = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool)
        self.layer1, self.layer2, self.layer3 = net.layer1, net.layer2, net.layer3
        self.classifier = nn.Linear(256, num_classes)
        self.up2, self.up1 = nn.ConvTranspose2d(256, 128, 2, 2), nn.ConvTranspose2d(128, 64, 2, 2)
        self.mask = nn.Conv2d(64, 1, 1)

    def forward(self, x):
        a = self.layer1(self.stem(x))
        b = self.layer2(a)
        c = self.layer3(b)
        logits = self.classifier(c.mean((2, 3)))
        up = self.up1(self.up2(c) + b) + a
        return logits, F.interpolate(self.mask(up), size=x.shape[2:], mode="bilinear", align_corners=False)
"""
