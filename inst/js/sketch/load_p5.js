// Where p5.js comes from. Twins: none, a page is JavaScript's alone.
//
// From a CDN, by its exact version and its checksum; or from the file p5.min.js beside this one, if
// there is one. The package holds no copy of p5.js (LGPL-2.1).

/** The version of p5.js that the page was written and tested with. */
export const P5_VERSION = "2.3.4";

const CDN = {
  src: `https://cdn.jsdelivr.net/npm/p5@${P5_VERSION}/lib/p5.min.js`,
  integrity: "sha384-Cs48F1uukMPysq29xNsf/FZL5ZNGsPfi6lDSGOxo6dypVFFiWO9Q3YbRKoXPPBii",
};

/** A page without an address, as one in a notebook, has nothing beside it. */
const local = () => ({ src: new URL("p5.min.js", import.meta.url).href });
const cdn = () => CDN;

function addScript({ src, integrity }) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    if (integrity !== undefined) {
      script.integrity = integrity;
      script.crossOrigin = "anonymous";
    }
    script.onload = () => resolve(globalThis.p5);
    script.onerror = () => reject(new Error(`nothing usable at ${src}`));
    document.head.append(script);
  });
}

/**
 * Load p5.js.
 *
 * @param {boolean} localFirst Whether the copy beside the page is asked for first: then no other
 *   machine is asked for anything.
 * @returns {Promise<Function>} The constructor of p5.
 * @throws {Error} If there is p5.js in neither place; the message says what to do.
 */
export async function loadP5(localFirst = false) {
  if (globalThis.p5 !== undefined) return globalThis.p5;
  const sources = localFirst ? [local, cdn] : [cdn, local];
  for (const source of sources) {
    try {
      return await addScript(source());
    } catch {
      // the next one
    }
  }
  throw new Error(
    `p5.js ${P5_VERSION} could not be loaded, so there are no pictures; all else works. Connect to ` +
      `the internet, or put p5.min.js of version ${P5_VERSION} beside this page.`,
  );
}
