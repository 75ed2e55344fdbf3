// How a chat program gives its export, in a sentence each; docs/sources.md says more.
import { h } from "./dom.js";

const WAYS = [
  ["Discord", "User settings, Data & Privacy, Request all of my data. A link to package.zip comes by mail, after some days. DiscordChatExporter's files are read too, with everybody's lines."],
  ["WhatsApp", "In a chat: its menu, Export chat, Without media. Several chats add up."],
  ["Telegram", "In Telegram Desktop: Settings, Advanced, Export Telegram data, with Machine-readable JSON. Drop its result.json."],
  ["Instagram and Messenger", "Accounts Center, Your information and permissions, Download your information: messages only, as JSON."],
  ["Signal", "Settings, Chats: export the chats as plain text. It is not the encrypted backup."],
  ["iMessage", "The folder ~/Library/Messages of a Mac, copied: it holds chat.db."],
  ["Text messages", "The XML file of the app SMS Backup & Restore."],
  ["LINE", "In a chat: its menu, settings, Export chat history."],
  ["Slack", "An administrator's export of the workspace."],
  ["Google Chat", "takeout.google.com, with Google Chat alone."],
  ["Matrix", "In Element: the room's menu, Export chat, JSON."],
  ["Skype, Teams", "go.skype.com/export: the messages."],
  ["Anything else", "A CSV or JSON file with a line for each message: who, when, text."],
];

export const exportHelp = () => h("details", { class: "card" }, h("summary", {}, "How do I get my export?"), h("dl", {}, WAYS.flatMap(([program, way]) => [h("dt", {}, program), h("dd", {}, way)])));
