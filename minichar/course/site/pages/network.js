// An LSTM that reads and writes one character at a time: the cell of lesson 06 once more, in the
// browser's own language. A test holds its scores to those of the package.

// The number that 16 bits of half precision stand for: sign, 5 bits of exponent, 10 of fraction.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// y += x W, for W stored row by row, (x.length, y.length).
function addProduct(y, x, W) {
  for (let i = 0; i < x.length; i++) {
    const row = i * y.length;
    for (let j = 0; j < y.length; j++) y[j] += x[i] * W[row + j];
  }
}

export class Network {
  // From the bytes of a file: see weights.py for what stands in it.
  constructor(buffer) {
    const length = new DataView(buffer).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
    this.characters = header.characters;
    this.hidden = header.hidden;
    this.embedding = header.embedding;
    this.arrays = {};
    let from = 4 + length;
    for (const { name, shape } of header.arrays) {
      const n = shape.reduce((a, b) => a * b, 1);
      this.arrays[name] = Float32Array.from(new Uint16Array(buffer, from, n), half);
      from += 2 * n;
    }
    this.rest();
  }

  static async fetch(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return new Network(await answer.arrayBuffer());
  }

  // Forget all that was read.
  rest() {
    this.state = this.hidden.map((H) => ({ h: new Float32Array(H), c: new Float32Array(H) }));
  }

  // Read character number `id`; return the scores for what comes next.
  step(id) {
    const A = this.arrays;
    let x = null; // null: one-hot, which picks the row `id`
    if (this.embedding) {
      const E = A["embedding.W"].length / this.characters.length;
      x = A["embedding.W"].subarray(id * E, (id + 1) * E);
    }
    this.state.forEach(({ h, c }, layer) => {
      const H = h.length, a = Float32Array.from(A[`${layer}.bh`]), Wxh = A[`${layer}.Wxh`];
      if (x) addProduct(a, x, Wxh);
      else for (let j = 0; j < 4 * H; j++) a[j] += Wxh[4 * H * id + j];
      addProduct(a, h, A[`${layer}.Whh`]);
      for (let j = 0; j < H; j++) {
        const o = sigmoid(a[j]), i = sigmoid(a[H + j]), f = sigmoid(a[2 * H + j]);
        c[j] = f * c[j] + i * Math.tanh(a[3 * H + j]);
        h[j] = o * Math.tanh(c[j]);
      }
      x = h;
    });
    const z = Float32Array.from(A["read_out.b"]);
    addProduct(z, x, A["read_out.W"]);
    return z;
  }
}

// Draw from scores at a temperature: the number of the character, and how likely it was.
export function draw(z, temperature, random = Math.random) {
  const largest = Math.max(...z);
  const p = Array.from(z, (score) => Math.exp((score - largest) / temperature));
  const total = p.reduce((a, b) => a + b, 0);
  let left = random() * total, i = 0;
  while (i < p.length - 1 && left >= p[i]) left -= p[i++];
  return { id: i, probability: p[i] / total };
}
