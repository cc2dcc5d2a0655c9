// The camera, or the reason why there is none.

const WANTED = { width: { ideal: 1920 }, height: { ideal: 1440 }, facingMode: { ideal: "environment" } };
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
  TrackStartError: "busy",
};

const KEEP_MS = 30000;

/** There is no picture; `reason`: insecure, unsupported, denied, missing, busy, unplugged or failed. */
export class CameraTrouble extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

let stream = null;
let chosen = null;
let opening = null;
let release = null;

/**
 * Open the camera, or give the open one.
 *
 * @param {function(string): void} onEnd told the reason when it goes away later.
 * @returns {Promise<MediaStream>}
 * @throws {CameraTrouble}
 */
export async function openCamera(onEnd) {
  // Browsers hide cameras from pages that came over plain HTTP from another machine.
  if (!window.isSecureContext) throw new CameraTrouble("insecure");
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraTrouble("unsupported");
  clearTimeout(release);
  if (!stream?.active) {
    opening ??= ask().finally(() => {
      opening = null;
    });
    stream = await opening;
  }
  for (const track of stream.getVideoTracks()) track.onended = () => onEnd("unplugged");
  return stream;
}

/** Let go of the camera; its light goes out. */
export function closeCamera() {
  for (const track of stream?.getTracks() ?? []) {
    track.onended = null;
    track.stop();
  }
  stream = null;
}

/** Let go of it unless it is wanted again soon: the next photo should not wait for the camera to start. */
export function closeCameraSoon() {
  clearTimeout(release);
  release = setTimeout(closeCamera, KEEP_MS);
}

/** How many cameras there are; browsers tell only after one was allowed. */
export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((device) => device.kind === "videoinput");
}

/** Take the next camera from now on. */
export async function nextCamera() {
  const all = await cameras();
  const now = stream?.getVideoTracks()[0]?.getSettings().deviceId;
  const place = all.findIndex((device) => device.deviceId === now);
  chosen = all.length ? all[(place + 1) % all.length].deviceId : null;
  closeCamera();
}

/** Whether the picture looks at the one who holds it, and so should be shown as in a mirror. */
export function facesUser(of) {
  return of.getVideoTracks()[0]?.getSettings().facingMode === "user";
}

async function ask() {
  const video = chosen ? { ...WANTED, facingMode: undefined, deviceId: { exact: chosen } } : WANTED;
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    if (chosen && error.name === "OverconstrainedError") {
      chosen = null;
      return ask();
    }
    throw new CameraTrouble(REASONS[error.name] ?? "failed");
  }
}
