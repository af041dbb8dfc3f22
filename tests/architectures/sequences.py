"""Networks for sequences and graphs: LSTM, seq2seq, Transformer, GPT, and GCN."""

from __future__ import annotations

import math
from typing import Any

from tests.architectures.network import Network


def lstm_language_model(
    torch: Any, ntoken: int = 20, size: int = 12, batch: int = 4, length: int = 6
) -> Network:
    """Zaremba et al., 2014: truncated back-propagation, tied weights, dropout, clipped SGD."""
    nn, F = torch.nn, torch.nn.functional

    class RNNModel(nn.Module):
        def __init__(self, ntoken, size, layers, dropout):
            super().__init__()
            self.drop = nn.Dropout(dropout)
            self.encoder = nn.Embedding(ntoken, size)
            self.rnn = nn.LSTM(size, size, layers, dropout=dropout)
            self.decoder = nn.Linear(size, ntoken)
            self.decoder.weight = self.encoder.weight
            nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
            nn.init.zeros_(self.decoder.bias)
            self.size, self.layers = size, layers

        def forward(self, words, hidden):
            emb = self.drop(self.encoder(words))
            output, hidden = self.rnn(emb, hidden)
            decoded = self.decoder(self.drop(output))
            return F.log_softmax(decoded.view(-1, decoded.size(-1)), dim=1), hidden

        def init_hidden(self, batch):
            weight = next(self.parameters())
            return tuple(weight.new_zeros(self.layers, batch, self.size) for _ in range(2))

    def loss(model: Any, words: Any, target: Any, hidden: Any) -> Any:
        output, hidden = model(words, hidden)
        return F.nll_loss(output, target.reshape(-1)), hidden

    class Truncated(Network):
        hidden: Any

        def step(self) -> list[Any]:
            words, target = self.batch()
            model.zero_grad()
            hidden = tuple(one.detach() for one in self.hidden)
            loss, self.hidden = self.loss(model, words, target, hidden)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.25)
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-1.0)
            return [loss]

    model = RNNModel(ntoken, size, 2, 0.2)
    words = torch.randint(ntoken, (4 * length + 1, batch))
    starts = range(0, 4 * length, length)
    batches = [(words[at : at + length], words[at + 1 : at + 1 + length]) for at in starts]
    network = Truncated(torch, model, loss, batches, clip=0.25)
    network.hidden = model.init_hidden(batch)
    return network


def seq2seq(torch: Any, words: int = 12, size: int = 8, batch: int = 4, length: int = 6) -> Network:
    """Bahdanau et al., 2014: additive attention over a packed bidirectional GRU."""
    nn, F = torch.nn, torch.nn.functional
    rnn = torch.nn.utils.rnn

    class Encoder(nn.Module):
        def __init__(self, words, size):
            super().__init__()
            self.embedding = nn.Embedding(words, size, padding_idx=0)
            self.gru = nn.GRU(size, size, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(2 * size, size)

        def forward(self, source, lengths):
            packed = rnn.pack_padded_sequence(
                self.embedding(source), lengths, batch_first=True, enforce_sorted=False
            )
            outputs, hidden = self.gru(packed)
            outputs, _ = rnn.pad_packed_sequence(outputs, batch_first=True)
            return outputs, torch.tanh(self.fc(torch.cat((hidden[-2], hidden[-1]), dim=1)))

    class Decoder(nn.Module):
        def __init__(self, words, size):
            super().__init__()
            self.embedding = nn.Embedding(words, size)
            self.Wa, self.Ua = nn.Linear(size, size), nn.Linear(2 * size, size)
            self.Va = nn.Linear(size, 1)
            self.cell, self.out = nn.GRUCell(3 * size, size), nn.Linear(size, words)

        def forward(self, word, hidden, keys, mask):
            scores = self.Va(torch.tanh(self.Wa(hidden).unsqueeze(1) + self.Ua(keys))).squeeze(2)
            weights = F.softmax(scores.masked_fill(~mask, float("-inf")), dim=-1)
            context = torch.bmm(weights.unsqueeze(1), keys).squeeze(1)
            hidden = self.cell(torch.cat((self.embedding(word), context), dim=1), hidden)
            return self.out(hidden), hidden

    def loss(model: Any, source: Any, forced: bool) -> Any:
        encoder, decoder = model["encoder"], model["decoder"]
        target = source.flip(1)
        mask = torch.arange(length)[None] < lengths[:, None]
        keys, hidden = encoder(source, lengths)
        word, loss = torch.ones(batch, dtype=torch.long), 0
        for at in range(length):
            scores, hidden = decoder(word, hidden, keys, mask)
            loss = loss + F.cross_entropy(scores, target[:, at], ignore_index=0, reduction="sum")
            word = target[:, at] if forced else scores.topk(1)[1].squeeze(1).detach()
        return loss / (target != 0).sum()

    encoder, decoder = Encoder(words, size), Decoder(words, size)
    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    lengths = torch.tensor([length - 2, length, length - 3, length - 1] * (batch // 4))
    here = torch.arange(length)[None] < lengths[:, None]
    source = torch.randint(1, words, (batch, length)).masked_fill(~here, 0)
    return Network(torch, model, loss, [(source, True), (source, False)], optimizer)


def transformer(
    torch: Any, words: int = 14, size: int = 16, batch: int = 5, length: int = 7
) -> Network:
    """Vaswani et al., 2017: `nn.Transformer` with masks, label smoothing, the paper's schedule."""
    nn = torch.nn

    class Seq2SeqTransformer(nn.Module):
        def __init__(self, words, size, heads, layers, dropout):
            super().__init__()
            self.size = size
            self.embedding = nn.Embedding(words, size)
            position = torch.arange(length + 1).unsqueeze(1)
            scale = torch.exp(torch.arange(0, size, 2) * (-math.log(10000.0) / size))
            table = torch.zeros(length + 1, 1, size)
            table[:, 0, 0::2] = torch.sin(position * scale)
            table[:, 0, 1::2] = torch.cos(position * scale)
            self.register_buffer("table", table)
            self.dropout = nn.Dropout(dropout)
            self.transformer = nn.Transformer(size, heads, layers, layers, 2 * size, dropout)
            self.generator = nn.Linear(size, words)
            for p in self.parameters():
                if p.dim() > 1:
                    nn.init.xavier_uniform_(p)

        def embed(self, words):
            found = self.embedding(words) * math.sqrt(self.size)
            return self.dropout(found + self.table[: words.size(0)])

        def forward(self, source, target):
            ahead = nn.Transformer.generate_square_subsequent_mask(target.size(0))
            pad, ahead = (source == 0).T, ahead != 0
            out = self.transformer(
                self.embed(source), self.embed(target), tgt_mask=ahead,
                src_key_padding_mask=pad, tgt_key_padding_mask=(target == 0).T,
                memory_key_padding_mask=pad,
            )  # fmt: skip
            return self.generator(out)

    def loss(model: Any, source: Any, target: Any) -> Any:
        scores = model(source, target[:-1])
        return criterion(scores.reshape(-1, words), target[1:].reshape(-1))

    model = Seq2SeqTransformer(words, size, 4, 2, 0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda at: 0.05 * 16**-0.5 * min((at + 1) ** -0.5, (at + 1) * 20**-1.5)
    )
    criterion = nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1)
    source = torch.randint(2, words, (length - 1, batch))
    target = torch.randint(2, words, (length + 1, batch))
    source[-2:, 1], target[0], target[-2:, 2] = 0, 1, 0
    return Network(torch, model, loss, [(source, target)], optimizer, schedule)


def gpt(
    torch: Any, words: int = 24, length: int = 12, size: int = 16, layers: int = 2, batch: int = 2,
    text: int = 60,
) -> Network:  # fmt: skip
    """Radford et al., 2019: causal attention, tied embedding, decay for matrices alone."""
    nn, F = torch.nn, torch.nn.functional

    class CausalSelfAttention(nn.Module):
        def __init__(self, size, heads, dropout):
            super().__init__()
            self.c_attn, self.c_proj = nn.Linear(size, 3 * size), nn.Linear(size, size)
            self.heads, self.rate, self.resid_dropout = heads, dropout, nn.Dropout(dropout)

        def forward(self, x):
            B, T, C = x.size()
            q, k, v = self.c_attn(x).split(C, dim=2)
            q, k, v = (
                one.view(B, T, self.heads, C // self.heads).transpose(1, 2) for one in (q, k, v)
            )
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=0.0, is_causal=True)
            y = y.transpose(1, 2).contiguous().view(B, T, C)
            return self.resid_dropout(self.c_proj(y))

    class Block(nn.Module):
        def __init__(self, size, heads, dropout):
            super().__init__()
            self.ln_1, self.ln_2 = nn.LayerNorm(size), nn.LayerNorm(size)
            self.attn = CausalSelfAttention(size, heads, dropout)
            self.mlp = nn.ModuleDict(
                {"c_fc": nn.Linear(size, 4 * size), "act": nn.GELU(approximate="tanh"),
                 "c_proj": nn.Linear(4 * size, size), "dropout": nn.Dropout(dropout)}
            )  # fmt: skip

        def forward(self, x):
            x = x + self.attn(self.ln_1(x))
            m = self.mlp
            return x + m["dropout"](m["c_proj"](m["act"](m["c_fc"](self.ln_2(x)))))

    class GPT(nn.Module):
        def __init__(self, words, length, size, heads, layers, dropout):
            super().__init__()
            self.wte, self.wpe = nn.Embedding(words, size), nn.Embedding(length, size)
            self.drop = nn.Dropout(dropout)
            self.h = nn.ModuleList([Block(size, heads, dropout) for _ in range(layers)])
            self.ln_f, self.lm_head = nn.LayerNorm(size), nn.Linear(size, words, bias=False)
            self.wte.weight = self.lm_head.weight
            self.apply(self._init_weights)
            for name, p in self.named_parameters():
                if name.endswith("c_proj.weight"):
                    nn.init.normal_(p, mean=0.0, std=0.02 / math.sqrt(2 * layers))

        def _init_weights(self, module):
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Embedding):
                nn.init.normal_(module.weight, mean=0.0, std=0.02)

        def forward(self, idx, targets):
            x = self.drop(self.wte(idx) + self.wpe(torch.arange(idx.size(1))))
            for block in self.h:
                x = block(x)
            logits = self.lm_head(self.ln_f(x))
            return F.cross_entropy(logits.view(-1, logits.size(-1)), targets.reshape(-1))

    model = GPT(words, length, size, 4, layers, 0.1)
    every = list(model.parameters())
    groups = [
        {"params": [p for p in every if p.dim() >= 2], "weight_decay": 0.1},
        {"params": [p for p in every if p.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=3e-3, betas=(0.9, 0.95))
    data = torch.randint(words, (text,))

    class Accumulated(Network):
        def step(self) -> list[Any]:
            starts = torch.randint(text - length, (2 * batch,)).tolist()
            for half in range(2):  # gradients add up over two small batches
                part = starts[half * batch : (half + 1) * batch]
                x = torch.stack([data[i : i + length] for i in part])
                y = torch.stack([data[i + 1 : i + 1 + length] for i in part])
                loss = self.loss(model, x, y)
                loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            return [loss]

    def loss(model: Any, x: Any, y: Any) -> Any:
        return model(x, y) / 2

    return Accumulated(torch, model, loss, [data], optimizer, clip=1.0)


def gcn(
    torch: Any, nodes: int = 20, features: int = 10, hidden: int = 8, classes: int = 3,
    density: float = 0.15,
) -> Network:  # fmt: skip
    """Kipf and Welling, 2016: two graph convolutions by a dense normalised adjacency."""
    nn, F = torch.nn, torch.nn.functional

    class GraphConvolution(nn.Module):
        def __init__(self, in_features, out_features):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(in_features, out_features))
            self.bias = nn.Parameter(torch.empty(out_features))
            stdv = 1.0 / math.sqrt(self.weight.size(1))
            self.weight.data.uniform_(-stdv, stdv)
            self.bias.data.uniform_(-stdv, stdv)

        def forward(self, x, adj):
            return torch.mm(adj, torch.mm(x, self.weight)) + self.bias

    class GCN(nn.Module):
        def __init__(self, nfeat, nhid, nclass, dropout):
            super().__init__()
            self.gc1, self.gc2 = GraphConvolution(nfeat, nhid), GraphConvolution(nhid, nclass)
            self.dropout = dropout

        def forward(self, x, adj):
            x = F.relu(self.gc1(x, adj))
            x = F.dropout(x, self.dropout, training=self.training)
            return F.log_softmax(self.gc2(x, adj), dim=1)

    edges = (torch.rand(nodes, nodes) < density).float()
    edges = torch.maximum(edges, edges.T) + torch.eye(nodes)
    root = edges.sum(1).pow(-0.5)
    adj = torch.diag(root) @ edges @ torch.diag(root)
    x, labels = torch.rand(nodes, features), torch.randint(classes, (nodes,))
    x = x / x.sum(1, keepdim=True)
    most = nodes * 3 // 5
    known, rest = torch.arange(most), torch.arange(most, nodes)
    model = GCN(features, hidden, classes, 0.5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)

    class Judged(Network):
        rest: Any

        def step(self) -> list[Any]:
            model.train()
            (loss,) = super().step()
            model.eval()
            with torch.no_grad():
                return [loss, self.loss(model, x, adj, labels, rest)]

    def loss(model: Any, x: Any, adj: Any, labels: Any, chosen: Any) -> Any:
        return F.nll_loss(model(x, adj)[chosen], labels[chosen])

    network = Judged(torch, model, loss, [(x, adj, labels, known)], optimizer)
    network.rest = rest
    return network
