"""Networks that make data: DCGAN, the variational autoencoder, and a WaveNet."""

from __future__ import annotations

from typing import Any

from tests.architectures.images import Step


def dcgan(torch: Any) -> Step:
    """Radford et al., 2015: a generator against a discriminator, noise drawn in each step."""
    nn = torch.nn

    def weights_init(m):
        classname = m.__class__.__name__
        if classname.find("Conv") != -1:
            torch.nn.init.normal_(m.weight, 0.0, 0.02)
        elif classname.find("BatchNorm") != -1:
            torch.nn.init.normal_(m.weight, 1.0, 0.02)
            torch.nn.init.zeros_(m.bias)

    nz, ngf, ndf = 8, 4, 4
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
    images = torch.tanh(torch.randn(8, 3, 16, 16))

    def step() -> list[Any]:
        netD.zero_grad()
        label = torch.full((8,), 1.0)
        errD_real = criterion(netD(images).view(-1), label)
        errD_real.backward()
        fake = netG(torch.randn(8, nz, 1, 1))
        label.fill_(0.0)
        errD_fake = criterion(netD(fake.detach()).view(-1), label)
        errD_fake.backward()
        optimizerD.step()
        netG.zero_grad()
        label.fill_(1.0)
        errG = criterion(netD(fake).view(-1), label)
        errG.backward()
        optimizerG.step()
        return [errD_real + errD_fake, errG]

    return step


def vae(torch: Any) -> Step:
    """Kingma and Welling, 2013: the reparameterised noise is drawn in each step."""
    nn, F = torch.nn, torch.nn.functional

    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1, self.fc21, self.fc22 = nn.Linear(64, 24), nn.Linear(24, 4), nn.Linear(24, 4)
            self.fc3, self.fc4 = nn.Linear(4, 24), nn.Linear(24, 64)

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
            mu, logvar = self.encode(x.view(-1, 64))
            return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    data = torch.rand(8, 1, 8, 8)

    def step() -> list[Any]:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        bce = F.binary_cross_entropy(recon, data.view(-1, 64), reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = bce + kld
        loss.backward()
        optimizer.step()
        return [loss, kld]

    return step


def wavenet(torch: Any) -> Step:
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

    model = WaveNet(16, 8, 8, [1, 2, 4, 1, 2, 4])
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    decay = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.98)
    wave = torch.sin(torch.arange(33) * 0.4 + torch.rand(4, 1) * 6)
    codes = torch.sign(wave) * torch.log1p(15 * wave.abs()) / torch.log1p(torch.tensor(15.0))
    codes = ((codes + 1) / 2 * 15 + 0.5).long()

    def step() -> list[Any]:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(codes[:, :-1]), codes[:, 1:])
        loss.backward()
        optimizer.step()
        decay.step()
        return [loss]

    return step
