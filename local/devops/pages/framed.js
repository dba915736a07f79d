// The host's side of the frame protocol of azure-devops-extension-sdk (docs/facts/extension.md#7.3), as strict as that one is.
import { accessToken, get, page } from "./rest.js";
import { useTheme } from "./theme.js";

const state = document.getElementById("state");
/** Everything that the framed page asked of the host, for whoever looks: `DevOps.HostControl.initialHandshake`. */
const asked = [];
window.localHost = { asked, opened: [], notified: [], setTheme };

/** Functions that the framed page may call, by their numbers, and values that wait for its answers. */
const functions = new Map();
const waiting = new Map();
let nextFunction = 1;
let nextMessage = 1;
let token;
let frame;

function post(message) {
  frame.contentWindow.postMessage(JSON.stringify(message), page.tab.origin);
}

/** As the protocol writes values: functions and dates by proxies; names that begin with _ only where the other side asks for them. */
function write(value, withUnderscore) {
  if (typeof value === "function") {
    const number = nextFunction++;
    functions.set(`proxy${number}`, value);
    return { __proxyFunctionId: number, _channelId: 1 };
  }
  if (value instanceof Date) return { __proxyDate: value.getTime() };
  if (Array.isArray(value)) return value.map((one) => write(one, withUnderscore));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => withUnderscore || !name.startsWith("_"));
  return Object.fromEntries(entries.map(([name, one]) => [name, write(one, withUnderscore)]));
}

function read(value) {
  if (Array.isArray(value)) return value.map(read);
  if (typeof value !== "object" || value === null) return value;
  if (value.__proxyFunctionId !== undefined)
    return (...params) => call("__proxyFunctions", `proxy${value.__proxyFunctionId}`, params, true);
  if (value.__proxyDate !== undefined) return new Date(value.__proxyDate);
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, read(one)]));
}

function call(instanceId, methodName, params, withUnderscore = false) {
  const id = nextMessage++;
  const settings = withUnderscore ? { includeUnderscoreProperties: true } : undefined;
  post({
    id,
    methodName,
    instanceId,
    params: write(params, withUnderscore),
    serializationSettings: settings,
    handshakeToken: token,
  });
  return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
}

const build = () => get(`build/builds/${page.buildId}`);

const services = {
  "ms.vss-features.location-service": {
    getResourceAreaLocation: async () => page.collection,
    getServiceLocation: async () => page.collection,
    routeUrl: async () => {
      throw new Error("local Azure DevOps has not built: routeUrl");
    },
  },
  "ms.vss-build-web.build-page-data-service": {
    getBuildPageData: async () => ({ build: await build(), definition: page.definition }),
  },
  "ms.vss-features.host-navigation-service": {
    openNewWindow: (url) => void window.localHost.opened.push(url),
    navigate: (url) => void window.localHost.opened.push(url),
    getHash: async () => "",
  },
};

const served = {
  "DevOps.HostControl": {
    initialHandshake: ([options]) => {
      if (options?.sdkVersion === undefined) throw new Error("initialHandshake without sdkVersion.");
      return {
        contributionId: page.tab.id,
        context: {
          extension: {
            id: `${page.tab.publisher}.${page.tab.extension}`,
            publisherId: page.tab.publisher,
            extensionId: page.tab.extension,
            version: page.tab.version,
          },
          user: page.user,
          host: page.organization,
          pageContext: { webContext: { project: page.project } },
        },
        // With ?service=1 the page has to ask the service of the run's page for the run.
        initialConfig:
          page.kind !== "tab" || page.byService
            ? {}
            : { onBuildChanged: async (changed) => changed(await build()), onViewDisplayed: () => {} },
        themeData: page.theme,
      };
    },
    getAccessToken: () => accessToken(),
    getAppToken: () => accessToken(),
    notifyLoadSucceeded: () => {
      if (page.settings === undefined) state.textContent = "";
      else void startPart();
    },
    notifyLoadFailed: ([error]) => {
      state.textContent = `The page of the extension failed to load: ${error?.message ?? error}`;
    },
    resize: () => {},
  },
  "DevOps.ServiceManager": {
    getService: ([id]) => {
      if (!Object.hasOwn(services, id)) throw new Error(`Contribution ${id} was not found.`);
      return services[id];
    },
  },
};

/**
 * A widget or its configuration, as a dashboard works it: an object that the framed page has registered under its contribution's own id
 * (docs/facts/evidence.md#E.4). `localHost.part` is that object, for whoever looks.
 */
async function startPart() {
  try {
    const own = page.tab.id.slice(`${page.tab.publisher}.${page.tab.extension}.`.length);
    const part = await call(own, "", []);
    window.localHost.part = part;
    const context = {
      notify: async (event, change) => {
        window.localHost.notified.push({ event, change });
        return { getResponse: async () => "" };
      },
    };
    await part.preload?.(page.settings);
    const status = page.kind === "widget" ? await part.load(page.settings) : await part.load(page.settings, context);
    state.textContent = status?.statusType === 0 ? "" : `The widget ended with ${JSON.stringify(status)}.`;
  } catch (error) {
    state.textContent = `The widget failed to load: ${error.message}`;
  }
}

async function answer({ id, instanceId, methodName, params, serializationSettings, handshakeToken }) {
  asked.push(`${instanceId}.${methodName}`);
  try {
    const given = read(params ?? []);
    let result;
    if (instanceId === "__proxyFunctions") {
      const own = functions.get(methodName);
      if (own === undefined) throw new Error(`RPC method not found: ${methodName}`);
      result = await own(...given);
    } else {
      const instance = served[instanceId];
      if (instance === undefined) throw new Error(`The registered object ${instanceId} could not be found.`);
      if (!Object.hasOwn(instance, methodName)) throw new Error(`RPC method not found: ${methodName}`);
      result = await instance[methodName](given);
    }
    post({ id, result: write(result, serializationSettings?.includeUnderscoreProperties === true), handshakeToken });
  } catch (error) {
    post({ id, error: { name: "Error", message: error.message }, handshakeToken });
  }
}

function setTheme(theme) {
  useTheme(theme);
  return call("DevOps.SdkClient", "dispatchEvent", ["themeChanged", { detail: { data: theme } }]);
}

window.addEventListener("message", ({ source, origin, data }) => {
  if (frame === undefined || source !== frame.contentWindow || origin !== page.tab.origin) return;
  if (typeof data !== "string") return;
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return;
  }
  // Until the origin is known to the page, its messages carry the token that ours have to repeat.
  token = message.handshakeToken ?? token;
  if (message.instanceId !== undefined) void answer(message);
  else {
    const { resolve, reject } = waiting.get(message.id) ?? {};
    waiting.delete(message.id);
    if (message.error) reject?.(new Error(String(message.error.message)));
    else resolve?.(read(message.result));
  }
});

/** Frames the extension's page in `main`. */
export function show(main) {
  if (page.tab === null) state.textContent = page.reason;
  else {
    frame = document.createElement("iframe");
    frame.title = page.tab.name;
    // The real host's attributes are not known: no popups and no way to the top is what a page has to live with.
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin");
    frame.src = page.tab.address;
    if (page.kind === "widget") {
      // Cells of 160 points with gaps of 10 (docs/facts/evidence.md#E.4).
      const { columnSpan, rowSpan } = page.settings.size;
      frame.className = "widget";
      frame.style.width = `${160 * columnSpan + 10 * (columnSpan - 1)}px`;
      frame.style.height = `${160 * rowSpan + 10 * (rowSpan - 1)}px`;
    }
    main.append(frame);
  }
}
