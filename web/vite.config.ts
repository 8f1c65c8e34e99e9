import { defineConfig } from "vite";

// One entry for each page; the server reads the manifest and names their files in the frame that it sends.
export default defineConfig({
  base: "/",
  build: {
    outDir: "../src/headrace/web/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    rolldownOptions: { input: { share: "src/share.ts", maps: "src/maps.ts", collection: "src/collection.ts" }, checks: { bundlerTimings: false } },
  },
  worker: { format: "es" },
});
