import { defineConfig } from "vite";
import manifest from "./package.json" with { type: "json" };

export default defineConfig({
  // Relative addresses let the gateway serve the app under any base path.
  base: "./",
  define: { __APP_VERSION__: JSON.stringify(manifest.version) },
  build: {
    target: "es2022",
    // A data: script or style would be refused by the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The notices of what is bundled travel with the bundle.
    license: { fileName: "assets/licenses.md" },
  },
});
