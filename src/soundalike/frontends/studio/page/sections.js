// The sections of the page, in the order of their links.
import about from "./sections/about.js";
import audit from "./sections/audit.js";
import compare from "./sections/compare.js";
import data from "./sections/data.js";
import evaluation from "./sections/evaluation.js";
import everything from "./sections/everything.js";
import newVoice from "./sections/new.js";
import portrait from "./sections/portrait.js";
import read from "./sections/read.js";
import room from "./sections/room.js";
import talk from "./sections/talk.js";
import train from "./sections/train.js";
import use from "./sections/use.js";
import voices from "./sections/voices.js";
import work from "./sections/work.js";

export const studioSections = [
  voices,
  newVoice,
  compare,
  room,
  work,
  everything,
];

export const voiceSections = [
  about,
  read,
  train,
  talk,
  portrait,
  evaluation,
  audit,
  use,
  data,
];
