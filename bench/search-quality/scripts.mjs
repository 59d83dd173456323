/**
 * Are words found whatever script they are written in? `node bench/search-quality/scripts.mjs`: for each case one text that holds
 * the word among 2,000 of usual words, half of them English, half of the case's script; its rank by words and in hybrid, through
 * the node's own parts with the built-in embedder. → results/scripts.jsonl
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLedger } from './ledger.mjs';
import { appendLines } from '../record.mjs';
import { english } from './vectors.mjs';

const NOISE = 2000;
const K = 250;
const usual = {
  english: [
    'river bread market school paper garden winter music doctor train window letter bridge island story kitchen',
    ' ',
  ],
  chinese: ['河流 面包 市场 学校 花园 冬天 音乐 医生 火车 窗户 信件 桥梁 岛屿 故事 厨房 城市', '，'],
  japanese: [
    'かわ パン いちば がっこう にわ ふゆ おんがく いしゃ でんしゃ まど てがみ はし しま ものがたり だいどころ',
    'と',
  ],
  korean: ['강물 빵집 시장 학교 정원 겨울 음악 의사 기차 창문 편지 다리 섬마을 이야기 부엌', ' '],
  thai: ['แม่น้ำ ขนมปัง ตลาด โรงเรียน สวน ฤดูหนาว ดนตรี หมอ รถไฟ หน้าต่าง จดหมาย สะพาน เกาะ นิทาน ครัว', ''],
  arabic: ['نهر خبز سوق مدرسة حديقة شتاء موسيقى طبيب قطار نافذة رسالة جسر جزيرة قصة مطبخ', ' '],
  cyrillic: ['река хлеб рынок школа сад зима музыка врач поезд окно письмо мост остров рассказ кухня', ' '],
  german: ['Fluss Brot Markt Schule Garten Winter Musik Arzt Zug Fenster Brief Brücke Insel Märchen Küche', ' '],
  polish: ['rzeka chleb rynek szkoła ogród zima muzyka lekarz pociąg okno list most wyspa bajka kuchnia', ' '],
};

/** [case, usual words around it, the word as it stands in the text, as it is asked for]. */
const cases = [
  ['English (for comparison)', 'english', ' isthmus ', 'isthmus'],
  ['Chinese', 'chinese', '天文望远镜', '望远镜'],
  ['Japanese', 'japanese', 'ぼうえんきょう', 'ぼうえんきょう'],
  ['Korean, with a particle', 'korean', ' 망원경으로 ', '망원경'],
  ['Thai', 'thai', 'กล้องโทรทรรศน์', 'กล้องโทรทรรศน์'],
  ['Arabic', 'arabic', ' تلسكوب ', 'تلسكوب'],
  ['Cyrillic, other case', 'cyrillic', ' Перешеек ', 'ПЕРЕШЕЕК'],
  ['Latin glued to Chinese', 'chinese', '使用Kubernetes部署', 'kubernetes'],
  ['soft hyphens', 'german', ' Leucht\u00adturm\u00adwär\u00adter ', 'Leuchtturmwärter'],
  ['zero-width space', 'english', ' pent\u200bagon ', 'pentagon'],
  ['ligature', 'english', ' \uFB02otilla ', 'flotilla'],
  ['full width', 'japanese', ' Ｐｅｎｔａｇｏｎ ', 'pentagon'],
  ['ß for ss', 'german', ' Großmut ', 'GROSSMUT'],
  ['ss for ß', 'german', ' Grossmut ', 'Großmut'],
  ['ł', 'polish', ' źdźbło ', 'zdzblo'],
  ['accents left out', 'english', ' crémaillère ', 'cremaillere'],
  ['accents set apart', 'english', ' cre\u0301maille\u0300re ', 'crémaillère'],
];

let state = 20261128;
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const passage = (script, count) => {
  const [words, between] = usual[script];
  const all = words.split(' ');
  return Array.from({ length: count }, () => all[random(all.length)]).join(between);
};

const rows = [];
for (const [name, script, written, asked] of cases) {
  const noise = Array.from({ length: NOISE }, (_, i) => passage(i % 2 === 0 ? 'english' : script, 40));
  // In the middle, so that it is not ahead by having come first or last.
  const right = `${passage(script, 20)}${written}${passage(script, 20)}`;
  const texts = [...noise.slice(0, NOISE / 2), right, ...noise.slice(NOISE / 2)];
  const { vectors } = await english.embed(
    texts.map((text) => (/\p{L}/u.test(text) ? text : 'empty')),
    { role: 'passage' },
  );
  const folder = mkdtempSync(join(tmpdir(), 'scripts-'));
  const documents = texts.map((text, i) => ({ text, vector: vectors[i], space: english.space }));
  const ledger = await openLedger({ documents, embedders: [english], own: true, folder });
  const rankOf = async (mode) => {
    // Texts of the same few words are copies to a reader; here each is a competitor.
    const { hits } = await ledger.search({ text: asked, mode, k: K, collapse: false });
    const at = hits.findIndex(({ id }) => id === ledger.ids[NOISE / 2]);
    return at < 0 ? null : at + 1;
  };
  const row = { case: name, words: await rankOf('words'), hybrid: await rankOf('hybrid') };
  await ledger.close();
  rmSync(folder, { recursive: true });
  rows.push(row);
  console.log(
    name.padEnd(28),
    `words ${row.words ?? `not in ${K}`}`.padEnd(18),
    `hybrid ${row.hybrid ?? `not in ${K}`}`,
  );
}
appendLines(import.meta.url, 'scripts', [{ among: NOISE, rows }]);
