// Photos on their way to the box: never larger than the encoder can use, upright, without what a phone writes into them.

const LONG_SIDE = 1600;
const QUALITY = 0.92;

/**
 * Take a picture of what a video shows, cut to the part that the frame guide marks.
 *
 * @param {HTMLVideoElement} video
 * @param {{x: number, y: number, width: number, height: number}} part in pixels of the video.
 * @returns {Promise<Blob>} a JPEG.
 */
export function snap(video, part) {
  return draw(video, part, Math.min(1, LONG_SIDE / Math.max(part.width, part.height)));
}

/**
 * Make a chosen file ready: upright and at most 1600 pixels long. One that this browser can't read (HEIC, TIFF) is
 * given as it is: the box may.
 */
export async function prepare(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  const scale = LONG_SIDE / Math.max(picture.width, picture.height);
  if (scale >= 1 && file.type === "image/jpeg" && file.size < 1_000_000) return file;
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  return draw(picture, whole, Math.min(1, scale)).finally(() => picture.close());
}

/**
 * Find the part of a video that lies under a box drawn over it, where the video covers its place.
 *
 * @param {{width: number, height: number}} video size of its frames.
 * @param {DOMRect} place where it is shown.
 * @param {DOMRect} mark the box over it.
 * @param {number} margin share of the box added on each side: nobody aims exactly.
 */
export function partUnder(video, place, mark, margin = 0.1) {
  const scale = Math.max(place.width / video.width, place.height / video.height);
  const left = (video.width * scale - place.width) / 2;
  const top = (video.height * scale - place.height) / 2;
  const more = { x: mark.width * margin, y: mark.height * margin };
  const x = Math.max(0, (mark.left - place.left - more.x + left) / scale);
  const y = Math.max(0, (mark.top - place.top - more.y + top) / scale);
  return {
    x,
    y,
    width: Math.min(video.width - x, (mark.width + 2 * more.x) / scale),
    height: Math.min(video.height - y, (mark.height + 2 * more.y) / scale),
  };
}

function draw(source, part, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(part.width * scale));
  canvas.height = Math.max(1, Math.round(part.height * scale));
  const pen = canvas.getContext("2d");
  // Transparent parts lie on white, as the box sees them.
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, part.x, part.y, part.width, part.height, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("the picture can't be written"))), "image/jpeg", QUALITY);
  });
}
