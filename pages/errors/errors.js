// Buttons that copy: without this script, or without a clipboard, they stay hidden.
const buttons = document.querySelectorAll('button.copy')

const textOf = ({ dataset }) => dataset.copy ?? document.getElementById(dataset.copyFrom).textContent

async function copy(event) {
  event.preventDefault() // a summary around it would open
  const button = event.currentTarget
  await navigator.clipboard.writeText(textOf(button))
  button.textContent = 'Copied'
  button.addEventListener(
    'blur',
    () => {
      button.textContent = 'Copy'
    },
    { once: true },
  )
}

if (navigator.clipboard !== undefined)
  for (const button of buttons) {
    button.hidden = false
    button.addEventListener('click', copy)
  }
