// What the page knows of the shopper who stands before it, and forgets when they are gone.

const empty = () => ({ photo: null, photoUrl: null, answer: null, category: "" });
const visit = empty();

/** The present visit. */
export function present() {
  return visit;
}

/** A new photo: what was known of the one before is forgotten. */
export function keepPhoto(photo) {
  forget();
  visit.photo = photo;
  visit.photoUrl = URL.createObjectURL(photo);
}

/** The answer to the photo. */
export function keepAnswer(answer, category = "") {
  visit.answer = answer;
  visit.category = category;
}

/** Forget photo and answer. */
export function forget() {
  if (visit.photoUrl !== null) URL.revokeObjectURL(visit.photoUrl);
  Object.assign(visit, empty());
}
