// A stream, read as the AWS SDK for JavaScript's users read it. Arguments: the endpoint's name, the prompt.

import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from "@aws-sdk/client-sagemaker-runtime";

const [endpoint, prompt] = process.argv.slice(2);
const client = new SageMakerRuntimeClient({});
const payload = { inputs: prompt, parameters: { max_new_tokens: 8, return_full_text: false } };

const whole = await client.send(
  new InvokeEndpointCommand({
    EndpointName: endpoint,
    Body: JSON.stringify(payload),
    ContentType: "application/json",
  }),
);
console.log("answer", new TextDecoder().decode(whole.Body));

const streamed = await client.send(
  new InvokeEndpointWithResponseStreamCommand({
    EndpointName: endpoint,
    Body: JSON.stringify({ ...payload, stream: true }),
    ContentType: "application/json",
    CustomAttributes: "accept_eula=true",
  }),
);
console.log("type", streamed.ContentType, streamed.InvokedProductionVariant);
let numTokens = 0;
let text = "";
for await (const event of streamed.Body) {
  const line = new TextDecoder().decode(event.PayloadPart.Bytes).trim();
  if (line.startsWith("data:")) {
    text += JSON.parse(line.slice("data:".length)).token.text;
    numTokens += 1;
  }
}
console.log("streamed", numTokens, JSON.stringify(text));

try {
  await client.send(new InvokeEndpointCommand({ EndpointName: "nobody", Body: "{}" }));
} catch (error) {
  console.log("refused", error.name, error.message);
}
