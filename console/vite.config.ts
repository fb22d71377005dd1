import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// Addresses are relative, so that a proxy may put the town below a prefix; nothing is put inside
// the page, because its policy would not let it run.
export default defineConfig({
  base: "./",
  plugins: [svelte()],
  build: {
    outDir: "../router/desk/console",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
    reportCompressedSize: true,
  },
  test: { include: ["src/**/*.test.ts"] },
});
