// Renders /openapi.json. Everything is put in as text: nothing of it is ever read as HTML.
"use strict";

function element(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
  for (const child of children) node.append(child);
  return node;
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map((cells) => element("tr", {}, ...cells.map((cell) => element("td", {}, cell))));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function resolve(schema, api) {
  if (!schema || !schema.$ref) return schema || {};
  return schema.$ref.replace("#/", "").split("/").reduce((at, part) => at[part], api);
}

function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.type === "array") return `${typeOf(schema.items || {})}[]`;
  return schema.format || schema.type || "any";
}

function example(schema, api, depth = 0) {
  const found = resolve(schema, api);
  if (found.examples && found.examples.length) return found.examples[0];
  if (found.example !== undefined) return found.example;
  if (found.const !== undefined) return found.const;
  if (found.enum) return found.enum[0];
  if (found.anyOf) return example(found.anyOf[0], api, depth);
  if (found.type === "array") return depth < 5 ? [example(found.items || {}, api, depth + 1)] : [];
  if (found.type === "object") {
    const entries = Object.entries(found.properties || {});
    return Object.fromEntries(entries.map(([name, one]) => [name, depth < 5 ? example(one, api, depth + 1) : null]));
  }
  return { string: "text", integer: 1, number: 0.5, boolean: true }[found.type] ?? null;
}

function shown(schema, api) {
  return element("pre", {}, JSON.stringify(example(schema, api), null, 2));
}

function call(path, method, operation, api) {
  const id = operation.operationId;
  const article = element("article", { id });
  article.append(
    element("h3", {}, element("span", { class: "method" }, method.toUpperCase()), element("code", {}, path)),
    element("p", {}, operation.description || operation.summary || ""),
  );
  const parameters = (operation.parameters || []).map((one) => [
    element("code", {}, one.name),
    `${one.in}${one.required ? ", required" : ""}`,
    typeOf(one.schema || {}),
    one.description || (one.schema && one.schema.description) || "",
  ]);
  if (parameters.length) article.append(element("h4", {}, "Parameters"), table(["name", "in", "type", ""], parameters));
  const content = (operation.requestBody && operation.requestBody.content) || {};
  for (const [kind, body] of Object.entries(content)) {
    article.append(element("h4", {}, `Body: ${kind}`));
    const binary = resolve(body.schema, api).format === "binary";
    article.append(binary ? element("p", {}, "The photo's own bytes.") : shown(body.schema, api));
  }
  const answers = Object.entries(operation.responses || {});
  const good = answers.find(([status]) => status.startsWith("2"));
  const schema = good && good[1].content && good[1].content["application/json"];
  if (schema) {
    article.append(element("details", {}, element("summary", {}, `Answer ${good[0]}, example`), shown(schema.schema, api)));
  }
  article.append(element("p", {}, `Statuses: ${answers.map(([status]) => status).join(", ")}`));
  return article;
}

async function main() {
  const calls = document.getElementById("calls");
  try {
    const api = await (await fetch("/openapi.json")).json();
    document.getElementById("title").textContent = `${api.info.title} ${api.info.version} API`;
    document.getElementById("description").textContent = api.info.description || "";
    const contents = document.getElementById("contents");
    const byTag = new Map();
    for (const [path, operations] of Object.entries(api.paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const tag = (operation.tags || ["other"])[0];
        if (!byTag.has(tag)) byTag.set(tag, []);
        byTag.get(tag).push([path, method, operation]);
      }
    }
    for (const [tag, all] of byTag) {
      calls.append(element("h2", { id: `tag-${tag}` }, tag), ...all.map((one) => call(...one, api)));
      contents.append(element("a", { href: `#tag-${tag}` }, tag));
    }
  } catch (error) {
    calls.textContent = `The description could not be read: ${error.message}`;
  }
}

main();
