// Numbers that look random and come again with the same seed, so that what a test made can be made once more.

function random(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Whoever makes texts or trees at random derives from it.
export class Dice {
  constructor(start) { this.next = random(start); }
  below(n) { return Math.floor(this.next() * n); }
  one(list) { return list[this.below(list.length)]; }
}
