"""Networks that make data: DCGAN, the variational autoencoder, and a WaveNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.architectures.network import Network


def dcgan(torch: Any, nz: int = 8, ngf: int = 4, ndf: int = 4, batch: int = 8) -> Network:
    """Radford et al., 2015: a generator against a discriminator, noise drawn in each step."""
    nn = torch.nn

    def weights_init(m):
        classname = m.__class__.__name__
        if classname.find("Conv") != -1:
            torch.nn.init.normal_(m.weight, 0.0, 0.02)
        elif classname.find("BatchNorm") != -1:
            torch.nn.init.normal_(m.weight, 1.0, 0.02)
            torch.nn.init.zeros_(m.bias)

    netG = nn.Sequential(
        nn.ConvTranspose2d(nz, ngf * 2, 4, 1, 0, bias=False),
        nn.BatchNorm2d(ngf * 2), nn.ReLU(True),
        nn.ConvTranspose2d(ngf * 2, ngf, 4, 2, 1, bias=False),
        nn.BatchNorm2d(ngf), nn.ReLU(True),
        nn.ConvTranspose2d(ngf, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )  # fmt: skip
    netD = nn.Sequential(
        nn.Conv2d(3, ndf, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(ndf, ndf * 2, 4, 2, 1, bias=False),
        nn.BatchNorm2d(ndf * 2), nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(ndf * 2, 1, 4, 1, 0, bias=False),
        nn.Sigmoid(),
    )  # fmt: skip
    netG.apply(weights_init)
    netD.apply(weights_init)
    criterion = nn.BCELoss()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
    images = torch.tanh(torch.randn(batch, 3, 16, 16))

    class Pair(Network):
        def step(self) -> list[Any]:
            netD.zero_grad()
            label = torch.full((batch,), 1.0)
            errD_real = criterion(netD(images).view(-1), label)
            errD_real.backward()
            fake = netG(torch.randn(batch, nz, 1, 1))
            label.fill_(0.0)
            errD_fake = criterion(netD(fake.detach()).view(-1), label)
            errD_fake.backward()
            errD = errD_real + errD_fake
            optimizerD.step()
            netG.zero_grad()
            label.fill_(1.0)
            errG = criterion(netD(fake).view(-1), label)
            errG.backward()
            optimizerG.step()
            return [errD, errG]

    pair = nn.ModuleDict({"G": netG, "D": netD})
    return Pair(torch, pair, lambda net, x, label: criterion(net(x).view(-1), label), [(images,)])


def vae(torch: Any, pixels: int = 64, hidden: int = 24, code: int = 4, batch: int = 8) -> Network:
    """Kingma and Welling, 2013: the reparameterised noise is drawn in each step."""
    nn, F = torch.nn, torch.nn.functional

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(pixels, hidden)
            self.fc21, self.fc22 = nn.Linear(hidden, code), nn.Linear(hidden, code)
            self.fc3, self.fc4 = nn.Linear(code, hidden), nn.Linear(hidden, pixels)

        def encode(self, x):
            h1 = F.relu(self.fc1(x))
            return self.fc21(h1), self.fc22(h1)

        def reparameterize(self, mu, logvar):
            std = torch.exp(0.5 * logvar)
            eps = torch.randn_like(std)
            return mu + eps * std

        def decode(self, z):
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

        def forward(self, x):
            mu, logvar = self.encode(x.view(-1, pixels))
            return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def loss(model: Any, data: Any) -> Any:
        recon, mu, logvar = model(data)
        bce = F.binary_cross_entropy(recon, data.view(-1, pixels), reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return bce + kld

    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return Network(torch, model, loss, [(torch.rand(batch, 1, pixels),)], optimizer)


def wavenet(
    torch: Any, classes: int = 16, channels: int = 8, skips: int = 8,
    dilations: Sequence[int] = (1, 2, 4, 1, 2, 4), batch: int = 4, length: int = 33,
) -> Network:  # fmt: skip
    """van den Oord et al., 2016: causal dilated convolutions, gates, skips, weight norm."""
    nn, F = torch.nn, torch.nn.functional
    weight_norm = torch.nn.utils.parametrizations.weight_norm

    class CausalConv1d(nn.Module):
        def __init__(self, ins, outs, kernel, dilation):
            super().__init__()
            self.padding = (kernel - 1) * dilation
            self.conv = weight_norm(nn.Conv1d(ins, outs, kernel, dilation=dilation))

        def forward(self, x):
            return self.conv(F.pad(x, (self.padding, 0)))

    class ResidualBlock(nn.Module):
        def __init__(self, channels, skips, dilation):
            super().__init__()
            self.filter = CausalConv1d(channels, channels, 2, dilation)
            self.gate = CausalConv1d(channels, channels, 2, dilation)
            self.res = nn.Conv1d(channels, channels, 1)
            self.skip = nn.Conv1d(channels, skips, 1)

        def forward(self, x):
            out = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
            return self.res(out) + x, self.skip(out)

    class WaveNet(nn.Module):
        def __init__(self, classes, channels, skips, dilations):
            super().__init__()
            self.embed = nn.Embedding(classes, channels)
            self.blocks = nn.ModuleList(ResidualBlock(channels, skips, d) for d in dilations)
            self.end = nn.Sequential(
                nn.ReLU(), nn.Conv1d(skips, skips, 1), nn.ReLU(), nn.Conv1d(skips, classes, 1)
            )

        def forward(self, x):
            x = self.embed(x).transpose(1, 2)
            total = 0
            for block in self.blocks:
                x, skip = block(x)
                total = total + skip
            return self.end(total)

    def loss(model: Any, codes: Any) -> Any:
        return F.cross_entropy(model(codes[:, :-1]), codes[:, 1:])

    model = WaveNet(classes, channels, skips, dilations)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.98)
    wave = torch.sin(torch.arange(length) * 0.4 + torch.rand(batch, 1) * 6)
    top = torch.tensor(classes - 1.0)
    codes = torch.sign(wave) * torch.log1p(top * wave.abs()) / torch.log1p(top)
    codes = ((codes + 1) / 2 * top + 0.5).long()
    return Network(torch, model, loss, [(codes,)], optimizer, decay)
