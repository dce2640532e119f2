// Reading aloud, by voices that live on this machine only: a voice of a server
// would carry what people write out of the house.

const engine = window.speechSynthesis;

export function voiceFor(language) {
  const own = language.slice(0, 2);
  return engine?.getVoices().find((voice) => voice.localService &&
    voice.lang.toLowerCase().replace("_", "-").startsWith(own)) ?? null;
}

export function whenVoices(told) {
  engine?.addEventListener?.("voiceschanged", told);
}

export function stop() {
  engine?.cancel();
}

export function read(text, language) {
  const voice = voiceFor(language);
  if (!voice) return;
  engine.cancel();
  // Sentence by sentence: long texts are cut off by some engines.
  for (const part of text.match(/[^。！？.!?\n]+[。！？.!?]?/gu) ?? []) {
    if (!part.trim()) continue;
    const said = new SpeechSynthesisUtterance(part.trim());
    said.voice = voice;
    said.lang = voice.lang;
    said.rate = 0.9;
    engine.speak(said);
  }
}
