/** Of models shown as text. */
export const TEXT_SCHEME = 'quantscope-text';

/** Of the list of models in the side bar, as package.json declares it. */
export const MODELS_VIEW = 'quantscope.models';

/** Of the custom editor, as package.json declares it. */
export const VIEW_TYPE = 'quantscope.model';
