// The documentation site. Its pages are written by `npm run docs` into out/pages/, beside sidebar.json.
import { readFileSync } from "node:fs";

const repository = process.env.SITE_REPOSITORY;
const sidebar = JSON.parse(readFileSync(new URL("../out/pages/sidebar.json", import.meta.url), "utf8"));

/** The anchor that GitHub gives a heading, which the pages' links name. */
const slugify = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
    .replaceAll(" ", "-");

export default {
  title: "Train, judge, release for Azure ML",
  description: "Azure Pipelines tasks for Azure Machine Learning",
  lang: "en",
  base: process.env.SITE_BASE ?? "/",
  srcDir: "out/pages",
  outDir: "dist",
  cleanUrls: true,
  // Nothing is loaded from elsewhere: neither fonts nor a search service.
  head: [],
  markdown: { anchor: { slugify } },
  // Braces in the pages are those of pipelines and templates, none of Vue's.
  vue: { template: { compilerOptions: { delimiters: ["\u0001", "\u0002"] } } },
  themeConfig: {
    logo: "/images/icon.png",
    outline: [2, 3],
    search: { provider: "local" },
    nav: [
      { text: "Install", link: "/docs/install" },
      { text: "Recipes", link: "/docs/usage" },
      { text: "Questions", link: "/docs/faq" },
      { text: "Status", link: "/docs/status" },
    ],
    sidebar,
    ...(repository === undefined ? {} : { socialLinks: [{ icon: "github", link: repository }] }),
    footer: { message: "MIT licence. Not a product of Microsoft." },
  },
};
