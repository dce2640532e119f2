// Pinyin to characters: what somebody may mean by the letters so far. Pure.
//
// table: {syllable: "字 字 …"} (simple-keyboard-layouts, by frequency)
// phrases: lines of "pinyin 词 词" with the syllables parted by '

const SYLLABLE = 6; // letters of the longest, zhuang

export function makeIme(table, phraseLines) {
  const syllables = Object.keys(table);
  const phrases = new Map(); // letters without ' -> words
  for (const row of phraseLines.split("\n")) {
    const [pinyin, ...found] = row.trim().split(" ");
    if (!pinyin) continue;
    const key = pinyin.replaceAll("'", "");
    phrases.set(key, [...phrases.get(key) ?? [], ...found]);
  }
  const phraseKeys = [...phrases.keys()].sort((a, b) => a.length - b.length);
  const characters = (syllable) => table[syllable].split(" ");

  // The cheapest way to read all letters: fewest parts, phrases before single
  // characters. Null where they do not add up to syllables.
  function sentence(letters) {
    const best = Array(letters.length + 1).fill(null);
    best[letters.length] = { cost: 0, text: "", parts: 0 };
    for (let at = letters.length - 1; at >= 0; at--) {
      for (let end = at + 1; end <= letters.length; end++) {
        const rest = best[end];
        if (!rest) continue;
        const part = letters.slice(at, end);
        const word = phrases.get(part)?.[0];
        const single = end - at <= SYLLABLE && Object.hasOwn(table, part)
          ? characters(part)[0] : null;
        const text = word ?? single;
        if (!text) continue;
        // One-letter syllables (a, e, o) are the likeliest misreading.
        const cost = rest.cost + (word ? 1 : 1.1) + (part.length === 1 ? 0.5 : 0);
        if (!best[at] || cost < best[at].cost)
          best[at] = { cost, text: text + rest.text, parts: rest.parts + 1 };
      }
    }
    return best[0];
  }

  // [{text, used}]: `used` letters of the buffer are spent on it.
  function candidates(letters, most = 60) {
    if (!letters) return [];
    const found = new Map();
    const offer = (text, used) => {
      if (!found.has(text)) found.set(text, { text, used });
    };
    for (const word of phrases.get(letters) ?? []) offer(word, letters.length);
    // A whole syllable is more likely meant than the beginning of a word.
    if (Object.hasOwn(table, letters))
      for (const character of characters(letters).slice(0, 4)) offer(character, letters.length);
    const whole = sentence(letters);
    if (whole && whole.parts > 1) offer(whole.text, letters.length);
    if (letters.length >= 3) {
      let shown = 0;
      for (const key of phraseKeys) {
        if (shown >= 5) break;
        if (key.length > letters.length && key.startsWith(letters)) {
          offer(phrases.get(key)[0], letters.length);
          shown++;
        }
      }
    }
    for (let length = letters.length - 1; length > 1; length--)
      for (const word of phrases.get(letters.slice(0, length)) ?? [])
        offer(word, length);
    for (let length = Math.min(SYLLABLE, letters.length); length > 0; length--) {
      const part = letters.slice(0, length);
      if (Object.hasOwn(table, part))
        for (const character of characters(part)) offer(character, length);
      else if (length === letters.length) // a syllable that is not finished
        for (const syllable of syllables.filter((s) => s.startsWith(part)).slice(0, 12))
          for (const character of characters(syllable).slice(0, 3))
            offer(character, length);
    }
    return [...found.values()].slice(0, most);
  }

  return { candidates };
}
