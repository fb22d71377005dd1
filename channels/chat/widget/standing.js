/** Where the conversation stands, in words; what is not known is said to be unknown. */

/** @typedef {import("./conversation.js").Standing} Standing */
/** @typedef {import("./speech.js").Say} Say */

const SENTENCES = {
  ready: (_, say) => [say("ready")],
  waiting: (standing, say) => [placeWords(standing.place, say), waitWords(standing, say)],
  talking: ({ agent }, say, town) => [agent ? say("talking", { agent }) : say("talking_town", { town })],
  away: (_, say) => [say("away")],
  closed: ({ opens }, say) => [say("closed"), opens && say("opens", { opens })],
  ended: (_, say) => [say("ended")],
};

/**
 * The sentences for a resident.
 * @param {Standing|null} standing null: nothing is known yet
 * @param {Say} say
 * @param {string} town
 * @returns {string[]} none when nothing is known
 */
export function standingWords(standing, say, town) {
  const sentences = standing && SENTENCES[standing.state]?.(standing, say, town);
  return (sentences || []).filter(Boolean);
}

/**
 * What is read out. A wait that is estimated anew every minute would interrupt for nothing, so the
 * same state and place are the same news.
 * @param {Standing|null} standing
 * @returns {string}
 */
export function newsOf(standing) {
  return standing ? `${standing.state} ${standing.place} ${standing.agent} ${standing.opens}` : "";
}

/** Ways that spare a resident the waiting. @param {Standing|null} standing @returns {string[]} */
export function waysOut(standing) {
  if (!standing || !["waiting", "closed", "away"].includes(standing.state)) return [];
  return ["callback", "message"].filter((way) => standing.can.includes(way));
}

function placeWords(place, say) {
  if (place == null) return say("in_line");
  return place === 1 ? say("place_next") : say("place", { place });
}

function waitWords({ wait_low_min: low, wait_high_min: high }, say) {
  if (low == null && high == null) return say("wait_unknown");
  if (high == null) return say("wait_least", { n: low });
  if (high <= 1) return say("wait_minute");
  if (low == null || low < 1) return say("wait_most", { n: high });
  return low >= high ? say("wait_about", { n: high }) : say("wait_between", { low, n: high });
}
