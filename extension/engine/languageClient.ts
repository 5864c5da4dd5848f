// What is used of the language client. The build keeps it in a file of its own: it is most of the extension, and only a running
// engine needs it.
export {
  CloseAction,
  ErrorAction,
  IPCMessageReader,
  IPCMessageWriter,
  LanguageClient,
  RevealOutputChannelOn,
  State,
} from 'vscode-languageclient/node';
