// The hands-free shutter: something new came into the picture and now holds still.
//
// It works on tiny grey frames. Each frame is freed of its mean, so that a lamp or the camera's own exposure is no
// movement. Two frames differ by their mean absolute difference, 0 to 255: sensor noise stays near 1, a hand passing
// by gives 15 and more.

const STILL = 3.5;
const NEW = 7;
const DARK = 18;
const HOLD_MS = 800;
const BACKGROUND_MS = 2500;
const FURNITURE_MS = 8000;

/** Size of the frames it wants. */
export const FRAME = { width: 48, height: 36 };

/**
 * Watches frames and says when to take the picture. One lives as long as the page: what it knows of the place, and of
 * the picture that was taken last, keeps it from taking the empty counter when that product is put away.
 */
export class Steady {
  #before = null;
  #since = 0;
  #known = [];

  /**
   * Look at one frame.
   *
   * @param {Uint8ClampedArray|number[]} grey one number a pixel.
   * @param {number} now in milliseconds.
   * @returns {{state: "empty"|"moving"|"holding"|"fire", share: number}} `share`: how much of the holding is done.
   */
  look(grey, now) {
    const { frame, mean } = level(grey);
    const moved = this.#before === null || differ(frame, this.#before) > STILL;
    this.#before = frame;
    if (moved) {
      this.#since = now;
      return { state: "moving", share: 0 };
    }
    const rested = now - this.#since;
    if (this.#known.length === 0) {
      // The first picture that rests is what the camera sees when nobody shows anything.
      if (rested >= BACKGROUND_MS) this.#known = [frame];
      return { state: "empty", share: 0 };
    }
    // What rests this long is no product in a hand: something was put there, and belongs to the place from now on.
    if (rested >= FURNITURE_MS) this.#known[0] = frame;
    if (mean < DARK || this.#known.some((seen) => differ(frame, seen) < NEW)) return { state: "empty", share: 0 };
    if (rested < HOLD_MS) return { state: "holding", share: rested / HOLD_MS };
    this.taken();
    return { state: "fire", share: 1 };
  }

  /** The camera starts again: what moved while nobody looked is no movement. What is known stays. */
  wake() {
    this.#before = null;
  }

  /** Another camera sees another place. */
  forget() {
    this.#before = null;
    this.#known = [];
  }

  /** A picture was taken of what is there now: the same one doesn't fire again. */
  taken() {
    if (this.#before !== null) this.#known = [...this.#known.slice(0, 1), this.#before];
  }
}

function level(grey) {
  let sum = 0;
  for (const value of grey) sum += value;
  const mean = sum / grey.length;
  return { frame: Float32Array.from(grey, (value) => value - mean), mean };
}

function differ(one, other) {
  let sum = 0;
  for (let place = 0; place < one.length; place += 1) sum += Math.abs(one[place] - other[place]);
  return sum / one.length;
}
